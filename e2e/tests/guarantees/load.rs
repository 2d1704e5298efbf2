//! The load under which things break, and what must have become of it.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, within},
    homepage::Homepage,
    kafka::{GROUP, Kafka, TOPIC},
};
use serde_json::json;
use stack::{Stack, plan::name::BROKER};

/// Sends a burst of 240 messages per second for so many seconds, and waits until it is well on its
/// way. Returns its id.
pub(crate) async fn burst(stack: &Stack, seconds: u32) -> String {
    let burst = json!({ "message": "hello", "concurrency": 12, "duration": seconds, "rate": 20 });
    let id = stack.send_burst(burst).await;
    eventually("a part of the burst is stored", async || stack.burst(&id).await.stored > 100).await;
    id
}

/// Waits until the burst has settled. Each message that Kafka took must have become one row, and
/// the homepage must have counted them all. How many were sent depends on how busy the machine is.
pub(crate) async fn assert_kept(stack: &Stack, id: &str) {
    let burst = stack.settled(id).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
    stack.assert_complete(id, burst.accepted).await;
}

/// Waits until every homepage says of every one of these bursts that it is done, whoever sent it.
pub(crate) async fn done(homepages: &[Homepage], ids: &[String]) {
    within(Duration::from_secs(90), "all are done, whoever is asked", async || {
        let mut are_done = true;
        for homepage in homepages {
            for id in ids {
                let burst = homepage.burst(id).await.expect("an answer");
                assert_ne!(burst.state, "stopped", "{burst:?} at {}", homepage.url());
                are_done &= burst.state == "done";
            }
        }
        are_done
    })
    .await;
}

/// Waits until the router has finished all that lies in the topic now, while more may come: how
/// long it takes from the end of a fault until nothing waits of what waited then.
pub(crate) async fn settles_within(stack: &Stack, at_most: Duration) -> Duration {
    let started = Instant::now();
    let kafka = Kafka::at(stack.address(BROKER));
    let waiting = kafka.high_watermarks(TOPIC).await;
    assert!(!waiting.is_empty(), "the topic has no partitions");
    within(at_most, "all that waited is finished", async || {
        let committed = kafka.committed(GROUP).await;
        waiting.iter().all(|(partition, end)| committed.get(partition).unwrap_or(&0) >= end)
    })
    .await;
    started.elapsed()
}

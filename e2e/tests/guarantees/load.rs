//! The load of these tests, and what must become of it.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use client::{
    eventually::{eventually, lasts, within},
    homepage::Homepage,
    kafka::{GROUP, Kafka, TOPIC},
};
use serde_json::json;
use stack::{
    Stack,
    plan::name::{BROKER, ROUTER},
};

/// Sends a burst of 240 messages per second, and waits until more than 100 are stored. Returns its id.
pub(crate) async fn burst(stack: &Stack, seconds: u32) -> String {
    let burst = json!({ "message": "hello", "concurrency": 12, "duration": seconds, "rate": 20 });
    let id = stack.send_burst(burst).await;
    eventually("a part of the burst is stored", async || stack.burst(&id).await.stored > 100).await;
    id
}

/// Waits until the burst has settled. Each accepted message must have one row, and the homepage's counts must
/// agree. How many messages were sent depends on how busy the machine is.
pub(crate) async fn assert_kept(stack: &Stack, id: &str) {
    let burst = stack.settled(id).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
    stack.assert_complete(id, burst.accepted).await;
}

/// Waits until these bursts are done on every homepage.
pub(crate) async fn done(homepages: &[Homepage], ids: &[String]) {
    within(Duration::from_secs(90), "all bursts are done on every homepage", async || {
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

/// Waits until the router has finished all records that are in the topic now; more may come meanwhile. Prints how long
/// that took after this text. This is the time of "settles in N s" in `GUARANTEES.md`.
pub(crate) async fn settles_within(stack: &Stack, what: impl Display, at_most: Duration) {
    let started = Instant::now();
    let kafka = Kafka::at(stack.address(BROKER));
    let waiting = kafka.high_watermarks(TOPIC).await;
    assert!(!waiting.is_empty(), "the topic has no partitions");
    within(at_most, "all records that waited are finished", async || {
        let committed = kafka.committed(GROUP).await;
        waiting.iter().all(|(partition, end)| committed.get(partition).unwrap_or(&0) >= end)
    })
    .await;
    println!("{what}: settled in {:.1} s", started.elapsed().as_secs_f64());
}

/// How many records a stack's router has finished as stored.
pub(crate) async fn stored(stack: &Stack) -> f64 {
    stack.metric(ROUTER, "router_records_total{outcome=\"stored\"}").await
}

/// How many that are in a second: the mean of this time, because single calls may take long.
pub(crate) async fn stored_per_second(stack: &Stack, time: Duration) -> f64 {
    let (started, before) = (Instant::now(), stored(stack).await);
    lasts(time, async || {}).await;
    (stored(stack).await - before) / started.elapsed().as_secs_f64()
}

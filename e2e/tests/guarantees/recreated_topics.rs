//! The topic is deleted and created again: offsets restart, and old rows have the keys of new records.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client::{
    eventually::{eventually, within},
    feed::{Follower, MAX_BULLETS},
    homepage::{Bullet, Feed},
    kafka::{Content, DEAD_TOPIC, Kafka, TOPIC},
};
use stack::{
    Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR},
};

use crate::load::{assert_kept, burst, settles_within};

/// `KAFKA_PARTITIONS` of a stack; see `plan`.
const PARTITIONS: i32 = 4;

const SENDERS: u32 = 12;

/// How long healing may take. The table of guarantees promises no time.
const HEALED: Duration = Duration::from_secs(30);

/// A viewer who polls the page of a homepage that may be restarted.
#[derive(Default)]
struct Viewer {
    follower: Follower,
    seen: BTreeMap<String, Bullet>,
}

impl Viewer {
    async fn poll(&mut self, stack: &Stack) -> Feed {
        let feed = self.follower.poll(stack.homepage(), MAX_BULLETS).await;
        let feed = feed.expect("an answer to GET /feed");
        for bullet in &feed.bullets {
            self.seen.insert(bullet.id.clone(), bullet.clone());
        }
        feed
    }
}

/// The router rejects it by itself, so it needs no processor.
fn poison() -> Content {
    Content::message("poison").header("ce_id", "")
}

/// Recreates the topic while no processor runs, and sends a burst and a poison record. No old bullet may be
/// shown then, and in the end exactly the new ones.
async fn assert_starts_again(stack: &mut Stack, seqs: u64, restart: bool) {
    let kafka = Kafka::at(stack.address(BROKER));
    let mut viewer = Viewer::default();
    let before = viewer.poll(stack).await.totals.since;
    stack.kill(PROCESSOR).await;
    let dead = kafka.contents(DEAD_TOPIC).await.len() as u64;
    kafka.recreate_topic(TOPIC, PARTITIONS).await;
    if restart {
        stack.kill(HOMEPAGE).await;
        stack.start_again(HOMEPAGE).await;
        // A cursor of the old process does not say to which topic it belongs.
        viewer.follower = Follower::default();
    }
    let poison = kafka.send_content(TOPIC, 0, &poison()).await;
    let id = kafka.send_burst("new", SENDERS, seqs).await;
    let accepted = u64::from(SENDERS) * seqs;
    viewer.seen.clear();
    within(HEALED, "the page counts from 0 again: all but the poison wait", async || {
        let totals = viewer.poll(stack).await.totals;
        totals.since != before && (totals.accepted, totals.waiting) == (accepted + 1, accepted)
    })
    .await;
    assert_eq!(viewer.seen.len(), 0, "nothing is stored yet: {:?}", viewer.seen.first_key_value());
    stack.start_again(PROCESSOR).await;
    settles_within(stack, format!("row 18: {accepted} messages"), HEALED).await;
    eventually("the viewer has seen every message", async || {
        viewer.poll(stack).await;
        viewer.seen.len() as u64 >= accepted
    })
    .await;
    assert!(viewer.seen.values().all(|bullet| bullet.burst == id), "an old bullet was shown");
    assert_eq!(viewer.seen.len() as u64, accepted);
    let totals = viewer.poll(stack).await.totals;
    assert_eq!((totals.stored, totals.finished_without_row, totals.waiting), (accepted, 1, 0));
    let poison = format!("/messages/{}/{}", poison.partition, poison.offset);
    let poison = stack.homepage().get(&poison).await.expect("the homepage answers").body;
    assert_eq!(poison["state"], "finished_without_row", "an old row may have its key");
    stack.assert_complete(&id, accepted).await;
    assert_eq!(kafka.contents(DEAD_TOPIC).await.len() as u64, dead + 1);
}

// Row 18, with an idle topic.
#[tokio::test]
async fn a_recreated_topic_is_read_from_its_beginning_and_no_old_row_is_shown() {
    let mut stack = Stack::start().await;
    let id = burst(&stack, 1).await;
    assert_kept(&stack, &id).await;
    for (seqs, restart) in [(10, false), (40, false), (10, true), (40, true)] {
        assert_starts_again(&mut stack, seqs, restart).await;
    }
}

// Row 18, during a burst.
#[tokio::test]
async fn a_burst_ends_when_its_topic_is_recreated_and_the_next_burst_is_kept() {
    let stack = Stack::start().await;
    let id = burst(&stack, 30).await;
    let began = Instant::now();
    Kafka::at(stack.address(BROKER)).recreate_topic(TOPIC, PARTITIONS).await;
    let ended = stack.settled(&id).await;
    println!("row 18: the burst has ended in {:.1} s", began.elapsed().as_secs_f64());
    // It may only be done if all accepted messages were stored before the topic was deleted.
    let is_done = ended.state == "done" && ended.stored == ended.accepted;
    assert!(is_done || ended.state == "stopped", "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "the burst ran for its whole duration");
    // The homepage may have noticed that the topic was missing.
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    let next = burst(&stack, 2).await;
    assert_kept(&stack, &next).await;
}

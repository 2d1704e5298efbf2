//! The topic is deleted and made anew: offsets restart, and old rows lie under the keys of new records.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client::{
    eventually::{eventually, within},
    homepage::{Bullet, Feed},
    kafka::{DEAD_TOPIC, Kafka, TOPIC},
};
use stack::{
    Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR},
};

use crate::load::{assert_kept, burst, settles_within};

/// What the services create of it; see `plan`.
const PARTITIONS: i32 = 4;

const SENDERS: u32 = 12;

/// Longer than it takes until all is heard of again: the row names no time.
const HEALED: Duration = Duration::from_secs(30);

/// Somebody who looks at the page all the time.
#[derive(Default)]
struct Viewer {
    cursor: Option<String>,
    seen: BTreeMap<String, Bullet>,
}

impl Viewer {
    async fn look(&mut self, stack: &Stack) -> Feed {
        let feed = stack.feed(self.cursor.as_deref(), 500).await;
        self.cursor = Some(feed.cursor.clone());
        for bullet in &feed.bullets {
            self.seen.insert(bullet.id.clone(), bullet.clone());
        }
        feed
    }
}

/// Makes the topic anew while nobody can store, and sends a burst and a poison into it. Nothing old may
/// be shown as new meanwhile, and then exactly what is new.
async fn assert_begins_anew(stack: &mut Stack, seqs: u32, restart: bool) {
    let kafka = Kafka::at(stack.address(BROKER));
    let mut viewer = Viewer::default();
    let before = viewer.look(stack).await.totals.since;
    stack.kill(PROCESSOR).await;
    let dead = kafka.records(DEAD_TOPIC).await.len() as u64;
    kafka.recreate_topic(TOPIC, PARTITIONS).await;
    if restart {
        stack.kill(HOMEPAGE).await;
        stack.start_again(HOMEPAGE).await;
        // The cursor of another process cannot tell of which topic it is.
        viewer.cursor = None;
    }
    let poison = kafka.send(TOPIC, "poison", "{ this is no message").await;
    let id = kafka.send_burst("anew", SENDERS, seqs.into()).await;
    let accepted = u64::from(SENDERS * seqs);
    viewer.seen.clear();
    within(HEALED, "the page counts anew, and knows that all but the poison waits", async || {
        let totals = viewer.look(stack).await.totals;
        totals.since != before && (totals.accepted, totals.waiting) == (accepted + 1, accepted)
    })
    .await;
    assert_eq!(viewer.seen.len(), 0, "nothing is stored yet: {:?}", viewer.seen.first_key_value());
    stack.start_again(PROCESSOR).await;
    let took = settles_within(stack, HEALED).await;
    println!("row 18: {accepted} messages, settled in {:.1} s", took.as_secs_f64());
    eventually("the viewer has seen all", async || {
        viewer.look(stack).await;
        viewer.seen.len() as u64 >= accepted
    })
    .await;
    assert!(viewer.seen.values().all(|bullet| bullet.burst == id), "something old was shown");
    assert_eq!(viewer.seen.len() as u64, accepted);
    let totals = viewer.look(stack).await.totals;
    assert_eq!((totals.stored, totals.finished_without_row, totals.waiting), (accepted, 1, 0));
    let poison = format!("/messages/{}/{}", poison.partition, poison.offset);
    let poison = stack.homepage().get(&poison).await.expect("the homepage answers").body;
    assert_eq!(poison["state"], "finished_without_row", "an old row may lie there");
    stack.assert_complete(&id, accepted).await;
    assert_eq!(kafka.records(DEAD_TOPIC).await.len() as u64, dead + 1);
}

/// Row 18, where the topic was idle.
#[tokio::test]
async fn a_recreated_topic_is_read_from_its_beginning_and_no_old_row_is_shown() {
    let mut stack = Stack::start().await;
    let id = burst(&stack, 1).await;
    assert_kept(&stack, &id).await;
    for (seqs, restart) in [(10, false), (40, false), (10, true), (40, true)] {
        assert_begins_anew(&mut stack, seqs, restart).await;
    }
}

/// Row 18, where it was not.
#[tokio::test]
async fn a_burst_ends_when_its_topic_is_recreated_and_the_next_burst_is_kept() {
    let stack = Stack::start().await;
    let id = burst(&stack, 30).await;
    let began = Instant::now();
    Kafka::at(stack.address(BROKER)).recreate_topic(TOPIC, PARTITIONS).await;
    let ended = stack.settled(&id).await;
    println!("row 18: the burst has ended in {:.1} s", began.elapsed().as_secs_f64());
    // Only if all that Kafka took was stored before the topic went is it done.
    let is_done = ended.state == "done" && ended.stored == ended.accepted;
    assert!(is_done || ended.state == "stopped", "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "it has waited for its own end");
    // It may have seen the topic missing.
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    let next = burst(&stack, 2).await;
    assert_kept(&stack, &next).await;
}

//! Row 31: a compacted topic. Kafka removes every record of a key but the last, and the offsets stay as gaps.

use std::time::Duration;

use client::{answers::Totals, eventually::within, kafka::Content};
use stack::plan::name::{HOMEPAGE, ROUTER};

use crate::case::{Case, Numbers, message};

/// Kafka compacts what is not in the last file of a partition, so the files are cut every tenth of a second.
const COMPACTED: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("segment.ms", "100"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("delete.retention.ms", "100"),
];

/// How long Kafka may take to compact.
const COMPACTS: Duration = Duration::from_secs(30);

fn keyed(key: &str, text: &str) -> (i32, Content) {
    (0, Content { key: Some(key.into()), ..message(text) })
}

/// How many records Kafka still has of the topic's only partition, and its end.
async fn kept(case: &Case) -> (usize, i64) {
    let ends = case.kafka.high_watermarks(case.topic).await;
    (case.kafka.contents(case.topic).await.len(), ends[&0])
}

/// Sends records until Kafka has compacted the topic: each begins a new file once the last one is old enough. Returns
/// how many it took.
async fn compact(case: &Case) -> u64 {
    let mut sent = 0;
    within(COMPACTS, "Kafka has compacted the topic", async || {
        sent += 1;
        case.send("none", &[keyed("c", &format!("c {sent}"))]).await;
        kept(case).await.0 < 8
    })
    .await;
    sent
}

/// Waits until nothing waits. What was compacted before it was read counts nowhere.
async fn nothing_waits(case: &Case) -> Totals {
    let mut totals = case.totals().await;
    within(COMPACTS, "nothing waits", async || {
        totals = case.totals().await;
        totals.accepted > 0 && totals.waiting == 0
    })
    .await;
    assert_eq!((totals.finished_without_row, totals.expired), (0, 0), "{totals:?}");
    totals
}

#[tokio::test]
async fn a_compacted_topic_shows_what_is_left_and_nothing_waits() {
    let Some(mut case) = Case::with(1, &COMPACTED).await else { return };
    case.stack.terminate(ROUTER).await;
    for n in 0..10 {
        case.send("none", &[keyed("a", &format!("a {n}")), keyed("b", &format!("b {n}"))]).await;
    }
    compact(&case).await;
    case.stack.start_again(ROUTER).await;
    case.is_committed().await;
    let (records, end) = kept(&case).await;
    assert!((records as i64) < end - 10, "{records} records before offset {end}: there are gaps");
    // Kafka may compact more while the router reads.
    let totals = nothing_waits(&case).await;
    assert!(totals.stored >= records as u64, "{totals:?}, and Kafka has {records} records");
    assert!(totals.stored < end as u64 - 10, "{totals:?}, and the end is {end}");
    let texts = case.texts(HOMEPAGE).await;
    assert_eq!(texts.len() as u64, totals.stored);
    assert!(texts.contains(&"a 9".into()) && texts.contains(&"b 9".into()), "{texts:?}");
}

#[tokio::test]
async fn a_homepage_that_starts_on_a_compacted_topic_counts_only_messages() {
    let Some(mut case) = Case::with(1, &COMPACTED).await else { return };
    // One batch, so that all of it is read before a part of it can be compacted.
    let text =
        |n| if n % 2 == 0 { keyed("a", &format!("a {n}")) } else { keyed("b", &format!("b {n}")) };
    case.send("none", &(0..20).map(text).collect::<Vec<_>>()).await;
    case.counts(Numbers::stored(20)).await;
    let sent = 20 + compact(&case).await;
    case.is_committed().await;
    case.restart_homepage().await;
    let totals = nothing_waits(&case).await;
    let left = kept(&case).await.0 as u64;
    assert!(totals.stored >= left && totals.stored <= sent, "{totals:?}, of {sent}, {left} left");
}

//! Row 31: an offset is not always a message. The marker of a transaction takes an offset and is never delivered, and
//! records of an aborted transaction count nowhere.

use std::time::Duration;

use client::{
    eventually::{eventually, lasts},
    kafka::Content,
    message::Position,
};
use stack::plan::name::{HOMEPAGE, ROUTER};

use crate::case::{Case, Numbers, message, messages};

/// Longer than a homepage waits before it takes the end of a topic for a sign that it was recreated.
const HANGING: Duration = Duration::from_secs(6);

/// How many records a large transaction has. Passing 200 in a second would take too long.
const LARGE: usize = 20_000;

/// One transaction with these records.
async fn transact(case: &Case, id: &str, records: &[(i32, Content)], commits: bool) {
    let producer = case.kafka.transactional_producer(&format!("{}-{id}", case.topic)).await;
    producer.begin().await;
    for (partition, content) in records {
        producer.send(case.topic, *partition, content).await;
    }
    if commits { producer.commit().await } else { producer.abort().await }
}

#[tokio::test]
async fn one_record_in_a_committed_transaction_is_shown_and_nothing_waits() {
    let Some(mut case) = Case::start().await else { return };
    transact(&case, "one", &[(0, message("one"))], true).await;
    case.shows(Numbers::stored(1), &["one".into()]).await;
    let marker = Position { partition: 0, offset: 1 };
    let answer = case.stack.homepage().get("/messages/0/1").await.expect("the homepage answers");
    assert_eq!(answer.status.as_u16(), 404, "{marker:?} is no message: {}", answer.body);
}

#[tokio::test]
async fn a_hundred_records_in_ten_transactions_over_all_partitions_are_shown_once_each() {
    let Some(mut case) = Case::start().await else { return };
    let (records, texts) = messages("transacted", 100, 4);
    for (n, records) in records.chunks(10).enumerate() {
        transact(&case, &format!("ten-{}", n % 2), records, true).await;
    }
    case.shows(Numbers::stored(100), &texts).await;
}

#[tokio::test]
async fn records_of_an_aborted_transaction_count_nowhere() {
    let Some(mut case) = Case::start().await else { return };
    case.send("none", &[(0, message("before"))]).await;
    let (aborted, _) = messages("aborted", 8, 2);
    transact(&case, "aborted", &aborted, false).await;
    case.send("none", &[(0, message("after")), (2, message("beside"))]).await;
    case.shows(Numbers::stored(3), &["before", "after", "beside"].map(String::from)).await;
    assert_eq!(case.dead_letters().await.len(), 0);
}

#[tokio::test]
async fn partitions_that_hold_only_what_was_aborted_are_finished() {
    let Some(mut case) = Case::start().await else { return };
    let (aborted, _) = messages("aborted", 4, 4);
    transact(&case, "aborted", &aborted, false).await;
    case.shows(Numbers::default(), &[]).await;
    let id = case.stack.send_burst(serde_json::json!({ "message": "and then", "duration": 1 }));
    let burst = case.stack.settled(&id.await).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
    case.counts(Numbers::stored(burst.accepted)).await;
}

#[tokio::test]
async fn a_large_aborted_transaction_does_not_wait_for_minutes() {
    let Some(case) = Case::with(1, &[]).await else { return };
    let producer = case.kafka.transactional_producer(&format!("{}-large", case.topic)).await;
    producer.begin().await;
    let (aborted, _) = messages("aborted", LARGE, 1);
    producer.send_all(case.topic, &aborted).await;
    producer.abort().await;
    case.is_committed().await;
    case.counts(Numbers::default()).await;
}

// The last stable offset of Kafka is then behind what Kafka has acknowledged to the homepage.
#[tokio::test]
async fn a_hanging_transaction_of_another_producer_only_delays_what_lies_behind_it() {
    let Some(mut case) = Case::with(1, &[]).await else { return };
    case.send("none", &[(0, message("first"))]).await;
    let since = case.counts(Numbers::stored(1)).await.since;
    let hanging = case.kafka.transactional_producer(&format!("{}-hanging", case.topic)).await;
    hanging.begin().await;
    hanging.send(case.topic, 0, &message("hanging")).await;
    for text in ["second", "third"] {
        let answer = case.stack.post_message(text).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    }
    lasts(HANGING, async || {
        let totals = case.totals().await;
        assert_eq!(totals.since, since, "the reader believes that the topic was recreated");
        assert_eq!(totals.stored, 1);
    })
    .await;
    hanging.abort().await;
    case.counts(Numbers::stored(3)).await;
    assert_eq!(case.totals().await.since, since);
    for service in [HOMEPAGE, ROUTER] {
        assert_eq!(case.stack.count_in_log(service, "recreated"), 0, "{service}");
    }
    case.shows(Numbers::stored(3), &["first", "second", "third"].map(String::from)).await;
}

#[tokio::test]
async fn a_burst_among_transactions_counts_only_its_own_messages() {
    let Some(case) = Case::start().await else { return };
    let burst = serde_json::json!({ "message": "mine", "duration": 2, "concurrency": 4 });
    let id = case.stack.send_burst(burst).await;
    let (records, _) = messages("theirs", 12, 4);
    for (n, records) in records.chunks(4).enumerate() {
        transact(&case, "beside", records, n != 1).await;
    }
    let burst = case.stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
    case.counts(Numbers::stored(burst.accepted + 8)).await;
    eventually("all of the burst is among its results", async || {
        case.stack.results(&id).await.len() as u64 == burst.accepted
    })
    .await;
}

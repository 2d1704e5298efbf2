//! Row 33: Kafka deletes records before they were processed. They end as expired: counted and said.

use std::time::Duration;

use client::{
    eventually::{eventually, lasts},
    message::Position,
};
use process::child::run_to_end;
use serde_json::{Value, json};
use stack::{
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
    program,
};
use tokio::process::Command;

use crate::case::{Case, Numbers, message, messages};

/// Longer than a run of the load tester takes.
const RUN: Duration = Duration::from_secs(90);

/// Stores one message in each of two partitions.
async fn with_two_stored() -> Option<Case> {
    let case = Case::with(2, &[]).await?;
    case.send("none", &[(0, message("first")), (1, message("second"))]).await;
    case.counts(Numbers::stored(2)).await;
    case.is_committed().await;
    Some(case)
}

/// Stores one message in each of two partitions, stops the router, and sends ten more to each.
async fn with_a_backlog() -> Option<Case> {
    let mut case = with_two_stored().await?;
    case.stack.terminate(ROUTER).await;
    let (records, _) = messages("late", 20, 2);
    case.send("none", &records).await;
    case.counts(Numbers { accepted: 22, stored: 2, waiting: 20, ..Numbers::default() }).await;
    Some(case)
}

/// Deletes every record that the topic has now. Returns how many were there.
async fn delete_all(case: &Case) -> u64 {
    let ends: Vec<_> = case.kafka.high_watermarks(case.topic).await.into_iter().collect();
    case.kafka.delete_records(case.topic, &ends).await;
    ends.iter().map(|(_, end)| end.cast_unsigned()).sum()
}

#[tokio::test]
async fn messages_deleted_while_no_router_runs_are_expired_and_nothing_waits() {
    let Some(mut case) = with_a_backlog().await else { return };
    assert_eq!(case.totals().await.expired_since, None);
    case.kafka.delete_records(case.topic, &[(0, 11), (1, 5)]).await;
    let expected =
        Numbers { accepted: 22, stored: 2, expired: 14, waiting: 6, ..Numbers::default() };
    let totals = case.counts(expected).await;
    assert!(totals.expired_since.is_some(), "{totals:?}");
    let text = case.problem("retention").await["text"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("14"), "the page says how many: {text:?}");
    for (offset, state) in [(0, "stored"), (1, "expired"), (10, "expired")] {
        assert_eq!(case.state(Position { partition: 0, offset }).await, state, "{offset}");
    }
    assert_eq!(case.state(Position { partition: 1, offset: 5 }).await, "waiting");
    case.kafka.delete_records(case.topic, &[(1, 11)]).await;
    let expected = Numbers { accepted: 22, stored: 2, expired: 20, ..Numbers::default() };
    assert_eq!(case.counts(expected).await.expired_since, totals.expired_since);
    case.stack.start_again(ROUTER).await;
    case.is_committed().await;
    case.counts(expected).await;
    let series = r#"router_records_total{outcome="expired"}"#;
    eventually("the router counts them", async || case.stack.metric(ROUTER, series).await == 20.0)
        .await;
    let after = case.send("none", &[(0, message("after"))]).await[0];
    case.counts(Numbers { accepted: 23, stored: 3, ..expected }).await;
    assert_eq!(case.state(after).await, "stored");
}

#[tokio::test]
async fn a_router_that_starts_behind_what_was_deleted_stores_the_rest() {
    let Some(mut case) = with_a_backlog().await else { return };
    case.kafka.delete_records(case.topic, &[(0, 6)]).await;
    case.stack.start_again(ROUTER).await;
    let expected = Numbers { accepted: 22, stored: 17, expired: 5, ..Numbers::default() };
    case.counts(expected).await;
    case.is_committed().await;
    let state = case.state(Position { partition: 0, offset: 5 }).await;
    assert_eq!(state, "expired");
    let said = || {
        let log = case.stack.log(ROUTER);
        log.lines().filter(|line| line.contains("WARN") && line.contains("expired")).count()
    };
    eventually("the router says it in one line", async || said() == 1).await;
}

// The homepage sees the deletion and the commit behind it at the same time.
#[tokio::test]
async fn messages_expire_although_a_router_has_committed_past_them_at_once() {
    let Some(mut case) = with_a_backlog().await else { return };
    case.stack.freeze(HOMEPAGE);
    case.kafka.delete_records(case.topic, &[(0, 11), (1, 5)]).await;
    case.stack.start_again(ROUTER).await;
    case.is_committed().await;
    case.stack.unfreeze(HOMEPAGE);
    let expected = Numbers { accepted: 22, stored: 8, expired: 14, ..Numbers::default() };
    case.counts(expected).await;
    assert_eq!(case.state(Position { partition: 0, offset: 10 }).await, "expired");
}

#[tokio::test]
async fn a_burst_says_how_many_of_its_messages_have_expired() {
    let Some(mut case) = Case::start().await else { return };
    case.stack.terminate(ROUTER).await;
    let burst = json!({ "message": "soon gone", "concurrency": 8, "duration": 3, "rate": 20 });
    let id = case.stack.send_burst(burst).await;
    eventually("a part of it is in Kafka", async || case.stack.burst(&id).await.accepted > 100)
        .await;
    let deleted = delete_all(&case).await;
    assert_eq!(case.stack.burst(&id).await.state, "running");
    case.stack.start_again(ROUTER).await;
    let burst = case.stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed), ("done", 0));
    assert_eq!((burst.expired, burst.stored), (deleted, burst.accepted - deleted), "{burst:?}");
    assert!(burst.stored > 0, "{burst:?}");
    let (accepted, stored) = (burst.accepted, burst.stored);
    let expected = Numbers { accepted, stored, expired: deleted, ..Numbers::default() };
    case.counts(expected).await;
    assert_eq!(case.stack.results(&id).await.len() as u64, stored);
    case.is_committed().await;
}

#[tokio::test]
async fn a_message_that_was_stored_before_it_was_deleted_stays_stored() {
    let Some(mut case) = Case::start().await else { return };
    let at = case.send("none", &[(0, message("kept"))]).await[0];
    case.counts(Numbers::stored(1)).await;
    case.is_committed().await;
    case.kafka.delete_records(case.topic, &[(0, 1)]).await;
    lasts(Duration::from_secs(2), async || {
        assert_eq!(Numbers::from(&case.totals().await), Numbers::stored(1));
    })
    .await;
    assert_eq!(case.problem("retention").await, Value::Null);
    // A homepage that starts now cannot compare the row with its record.
    case.restart_homepage().await;
    assert_eq!(case.state(at).await, "stored");
    assert_eq!(case.problem("retention").await, Value::Null);
}

// The router holds what it has read. Kafka no longer has it, but its row still comes: what has a row is stored.
#[tokio::test]
async fn messages_deleted_after_the_router_has_read_them_are_stored_in_the_end() {
    let Some(mut case) = with_two_stored().await else { return };
    case.stack.terminate(PROCESSOR).await;
    let (records, _) = messages("held", 20, 2);
    case.send("none", &records).await;
    eventually("the router holds them all", async || {
        case.stack.metric(ROUTER, "router_records_in_flight").await == 20.0
    })
    .await;
    eventually("the homepage knows them all", async || case.totals().await.accepted == 22).await;
    case.kafka.delete_records(case.topic, &[(0, 11), (1, 11)]).await;
    // Meanwhile they may count as waiting or as expired, but each only once.
    lasts(Duration::from_secs(2), async || {
        let totals = case.totals().await;
        assert_eq!((totals.accepted, totals.stored, totals.finished_without_row), (22, 2, 0));
    })
    .await;
    case.stack.start_again(PROCESSOR).await;
    case.counts(Numbers::stored(22)).await;
    case.is_committed().await;
    let state = case.state(Position { partition: 1, offset: 10 }).await;
    assert_eq!(state, "stored");
}

#[tokio::test]
async fn the_load_tester_explains_messages_that_have_expired() {
    let Some(mut case) = Case::start().await else { return };
    case.stack.terminate(ROUTER).await;
    let report = case.stack.data_folder().join("report.json");
    let mut loadtest = Command::new(program("loadtest"));
    loadtest.arg(case.stack.homepage().url()).arg("--json").arg(&report);
    loadtest.args(["--stages", "100:4", "--mode", "bursts,messages", "--viewers", "1"]);
    let deletion = async {
        eventually("a part of it is in Kafka", async || case.totals().await.accepted > 200).await;
        let deleted = delete_all(&case).await;
        case.stack.start_again(ROUTER).await;
        deleted
    };
    let (output, deleted) = tokio::join!(run_to_end(&mut loadtest, RUN), deletion);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.starts_with("HOLDS"), "{text}");
    assert!(text.contains(&format!("{deleted} of them expired")), "{deleted}: {text}");
    let report = std::fs::read(&report).expect("the load tester writes its report");
    let report: Value = serde_json::from_slice(&report).expect("the report is JSON");
    let count = |name| report["ledger"][name].as_u64().expect("a count");
    assert_eq!([count("expired"), count("lost"), count("without_row")], [deleted, 0, 0], "{text}");
    assert_eq!(count("accepted"), count("stored") + deleted, "{text}");
}

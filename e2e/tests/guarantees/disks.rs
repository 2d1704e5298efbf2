//! The disk of the broker or of the table is full.

use std::time::Duration;

use client::{
    answers::Burst,
    eventually::{eventually, lasts},
};
use faults::disk;
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

use crate::load::{assert_kept, burst, settles_within};

/// The error of SQLite, which both stand-ins use, when a file cannot grow.
const REASON: &str = "disk I/O error";

/// Always on the stand-ins: Kafka and Dynalite report this error in other words.
async fn start() -> Stack {
    Setup::default().backend(Backend::StandIns).start().await
}

// Row 29. Messages wait in Kafka meanwhile, and `/readyz` says why.
#[tokio::test]
async fn a_full_disk_under_the_table_only_delays_messages() {
    let stack = start().await;
    let id = burst(&stack, 8).await;
    disk::fill(stack.pid(TABLE)).await;
    eventually("the router reports the reason", async || {
        let answer = stack.readiness(ROUTER).await;
        answer.status == 503 && answer.body.to_string().contains(REASON)
    })
    .await;
    assert_counts_are_true_for_a_while(&stack, &id).await;
    disk::free(stack.pid(TABLE)).await;

    settles_within(&stack, "row 29, table", Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
}

// Row 29. A sender ends when its message is refused, because its next message would leave a gap. Messages
// that were accepted before or after are kept.
#[tokio::test]
async fn new_messages_are_refused_while_the_disk_under_the_broker_is_full() {
    let stack = start().await;
    let id = burst(&stack, 8).await;
    disk::fill(stack.pid(BROKER)).await;
    let refused = stack.post_message("hello?").await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(refused.content_type, "application/problem+json");
    let why = "kafka did not store the record; its disk may be full";
    for (service, line) in [(BROKER, REASON), (HOMEPAGE, why)] {
        eventually("its log has the reason", async || stack.count_in_log(service, line) > 0).await;
    }
    let readiness = stack.readiness(HOMEPAGE).await;
    assert_eq!(readiness.status, 503, "{}", readiness.body);
    let reason = readiness.body["dependencies"]["sending"]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with(why), "{}", readiness.body);
    eventually("the page says it", async || problems(&stack).await.contains(&"sending".into()))
        .await;
    assert_counts_are_true_for_a_while(&stack, &id).await;
    disk::free(stack.pid(BROKER)).await;

    let burst_end = recovers(&stack, &id, "row 29, broker").await;
    assert!(burst_end.failed > 0, "{burst_end:?}");

    let next = burst(&stack, 2).await;
    assert_kept(&stack, &next).await;
}

// Row 29. As under a demo, whose parts share one disk. Nobody sees more than is stored, and no part dies.
#[tokio::test]
async fn nothing_is_lost_while_the_disk_under_everything_is_full() {
    let mut stack = start().await;
    let id = burst(&stack, 8).await;
    let pids = [BROKER, TABLE].map(|it| stack.pid(it));
    for pid in pids {
        disk::fill(pid).await;
    }
    assert_eq!(stack.post_message("hello?").await.status, 503);
    assert_counts_are_true_for_a_while(&stack, &id).await;
    for part in [BROKER, TABLE, PROCESSOR, ROUTER, HOMEPAGE] {
        assert!(!stack.has_ended(part), "{part} has died");
    }
    for pid in pids {
        disk::free(pid).await;
    }

    recovers(&stack, &id, "row 29, both").await;
}

/// Messages are accepted again, and all that were before have their row. Returns how the burst ended.
async fn recovers(stack: &Stack, id: &str, row: &str) -> Burst {
    eventually("a message is accepted", async || stack.post_message("hello!").await.status == 202)
        .await;
    settles_within(stack, row, Duration::from_secs(15)).await;
    eventually("nothing is a problem", async || problems(stack).await.is_empty()).await;
    let burst = stack.settled(id).await;
    let ledger = stack.ledger(id).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert!(ledger.accepted() as u64 >= burst.accepted, "{burst:?}");
    assert_eq!((burst.stored, ledger.dead()), (burst.accepted, 0));
    burst
}

/// The parts that the page names.
async fn problems(stack: &Stack) -> Vec<String> {
    let problems = stack.feed(None, 1).await.problems;
    problems.iter().filter_map(|it| it["part"].as_str().map(str::to_owned)).collect()
}

/// The homepage never counts more than is in Kafka and in the table.
async fn assert_counts_are_true_for_a_while(stack: &Stack, id: &str) {
    lasts(Duration::from_secs(5), async || {
        let burst = stack.burst(id).await;
        let ledger = stack.ledger(id).await;
        assert!(burst.accepted <= ledger.accepted() as u64, "{burst:?}");
        assert!(burst.stored <= ledger.stored() as u64, "{burst:?}");
    })
    .await;
}

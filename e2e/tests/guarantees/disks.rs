//! The disk under Kafka or under the table is full.

use std::time::Duration;

use client::eventually::{eventually, lasts};
use faults::disk;
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, HOMEPAGE, ROUTER, TABLE},
};

use crate::load::{assert_kept, burst, settles_within};

/// What the engines of both stand-ins say when a file cannot grow.
const REASON: &str = "disk I/O error";

/// On the stand-ins, whatever was asked for: others say it in other words.
async fn start() -> Stack {
    Setup::default().backend(Backend::StandIns).start().await
}

/// Row 29. What waits for the table waits in Kafka, and whoever asks learns why.
#[tokio::test]
async fn a_full_disk_under_the_table_only_delays_messages() {
    let stack = start().await;
    let id = burst(&stack, 8).await;
    disk::fill(stack.pid(TABLE)).await;
    eventually("the router says why", async || {
        let answer = stack.readiness(ROUTER).await;
        answer.status == 503 && answer.body.to_string().contains(REASON)
    })
    .await;
    assert_true_for_a_while(&stack, &id).await;
    disk::free(stack.pid(TABLE)).await;

    let took = settles_within(&stack, Duration::from_secs(15)).await;
    println!("row 29, table: settled in {:.1} s", took.as_secs_f64());
    assert_kept(&stack, &id).await;
}

/// Row 29. A sender whose message is refused ends, since its next one would leave a gap; what was
/// accepted before is kept, and so is all that comes after.
#[tokio::test]
async fn new_messages_are_refused_while_the_disk_under_the_broker_is_full() {
    let stack = start().await;
    let id = burst(&stack, 8).await;
    disk::fill(stack.pid(BROKER)).await;
    let refused = stack.post_message("hello?").await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(refused.content_type, "application/problem+json");
    let why = "error=kafka failed: Message production error";
    for (service, line) in [(BROKER, REASON), (HOMEPAGE, why)] {
        eventually("its log says why", async || stack.count_in_log(service, line) > 0).await;
    }
    assert_true_for_a_while(&stack, &id).await;
    disk::free(stack.pid(BROKER)).await;

    eventually("a message is taken", async || stack.post_message("hello!").await.status == 202)
        .await;
    let took = settles_within(&stack, Duration::from_secs(15)).await;
    println!("row 29, broker: settled in {:.1} s", took.as_secs_f64());
    let said = stack.settled(&id).await;
    let ledger = stack.ledger(&id).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert!(said.failed > 0 && ledger.accepted() as u64 >= said.accepted, "{said:?}");
    assert_eq!((said.stored, ledger.dead()), (said.accepted, 0));

    let next = burst(&stack, 2).await;
    assert_kept(&stack, &next).await;
}

/// Whatever the homepage counts meanwhile is there.
async fn assert_true_for_a_while(stack: &Stack, id: &str) {
    lasts(Duration::from_secs(5), async || {
        let said = stack.burst(id).await;
        let ledger = stack.ledger(id).await;
        assert!(said.accepted <= ledger.accepted() as u64, "{said:?}");
        assert!(said.stored <= ledger.stored() as u64, "{said:?}");
    })
    .await;
}

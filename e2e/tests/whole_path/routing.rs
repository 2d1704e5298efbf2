//! From Kafka to the table without a homepage: any client may send records.

use std::time::Duration;

use client::{
    eventually::{eventually, within},
    kafka::Kafka,
};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

/// A stack whose router and processor are ready.
pub(crate) async fn without_homepage(setup: Setup) -> (Stack, Kafka) {
    let stack = setup.without(HOMEPAGE).start().await;
    eventually("router and processor are ready", async || {
        stack.is_ready(ROUTER).await && stack.is_ready(PROCESSOR).await
    })
    .await;
    let kafka = Kafka::at(stack.address(BROKER));
    (stack, kafka)
}

async fn all_stored(stack: &Stack, burst: &str, count: u64) {
    within(Duration::from_secs(60), "every message has a row", async || {
        stack.ledger(burst).await.stored() as u64 == count
    })
    .await;
    stack.assert_complete(burst, count).await;
}

#[tokio::test]
async fn nothing_is_lost_or_stored_twice_when_router_and_processor_are_killed_in_turn() {
    // Slow enough that messages are in flight at each kill.
    let setup = Setup::default().var(PROCESSOR, "WORK_MS", "2");
    let (mut stack, kafka) = without_homepage(setup).await;
    let burst = kafka.send_burst("hello", 10, 200).await;
    for (process, stored) in [(ROUTER, 100), (PROCESSOR, 400), (TABLE, 700), (ROUTER, 1000)] {
        within(Duration::from_secs(60), "more messages are stored", async || {
            stack.ledger(&burst).await.stored() > stored
        })
        .await;
        stack.kill(process).await;
        stack.start_again(process).await;
    }
    all_stored(&stack, &burst, 2000).await;
}

#[tokio::test]
async fn a_frozen_table_uses_up_no_attempts() {
    let setup = Setup::default().var(ROUTER, "RETRY_COUNT", "1").var(ROUTER, "RETRY_INTERVAL", "1");
    let (stack, kafka) = without_homepage(setup).await;
    stack.freeze(TABLE);
    let burst = kafka.send_burst("hello", 10, 10).await;
    eventually("the processor is not ready", async || !stack.is_ready(PROCESSOR).await).await;
    stack.unfreeze(TABLE);
    all_stored(&stack, &burst, 100).await;
}

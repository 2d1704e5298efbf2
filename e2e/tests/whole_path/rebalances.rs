//! Partitions move between routers while there is more work than the routers can do.

use client::eventually::eventually;
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{PROCESSOR, ROUTER},
};

const SECOND: &str = "second-router";

/// Waits until the log of a router has this text.
async fn logs(stack: &Stack, router: &str, text: &str) {
    eventually(text, async || stack.count_in_log(router, text) > 0).await;
}

#[tokio::test]
async fn a_call_that_outlives_a_rebalance_blocks_nothing() {
    // One slow call at a time, with many records, so that it still runs when the partitions come back.
    let slow = Setup::default().var(PROCESSOR, "WORK_MS", "3").var(ROUTER, "IN_FLIGHT", "1");
    let mut stack = slow.var(ROUTER, "REQ_TIMEOUT", "8").start().await;
    // More messages than are processed during the test.
    let burst = json!({ "message": "hello", "concurrency": 20, "duration": 6, "rate": 20 });
    let id = stack.send_burst(burst).await;
    eventually("some messages are stored", async || stack.burst(&id).await.stored > 100).await;
    stack.freeze(PROCESSOR);
    eventually("many messages wait", async || stack.feed(None, 1).await.totals.waiting > 100).await;
    // The call to the frozen processor still runs while partitions move away and come back.
    stack.scale_out(ROUTER, SECOND).await;
    logs(&stack, SECOND, "partitions assigned").await;
    logs(&stack, ROUTER, "processors is not ready").await;
    stack.unfreeze(PROCESSOR);
    // Both routers stay, so no further rebalance can help.
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.stored), ("done", burst.accepted));
    stack.assert_complete(&id, burst.accepted).await;
}

//! Partitions move from router to router while there is more work than they can do.

use client::eventually::eventually;
use serde_json::{Value, json};
use stack::{
    Setup, Stack,
    plan::name::{PROCESSOR, ROUTER},
};

const SECOND: &str = "second-router";

/// More than is processed meanwhile.
fn burst() -> Value {
    json!({ "message": "hello", "concurrency": 20, "duration": 6, "rate": 20 })
}

/// Waits until a router has said so.
async fn says(stack: &Stack, router: &str, what: &str) {
    eventually(what, async || stack.count_in_log(router, what) > 0).await;
}

#[tokio::test]
async fn a_call_that_outlives_a_rebalance_blocks_nothing() {
    // One slow call at a time, with many records in it, so that those of before and after meet.
    let slow = Setup::default().var(PROCESSOR, "WORK_MS", "3").var(ROUTER, "IN_FLIGHT", "1");
    let mut stack = slow.var(ROUTER, "REQ_TIMEOUT", "8").start().await;
    let id = stack.send_burst(burst()).await;
    eventually("some is stored", async || stack.burst(&id).await.stored > 100).await;
    stack.freeze(PROCESSOR);
    eventually("much waits", async || stack.feed(None, 1).await.totals.waiting > 100).await;
    // The call to the frozen processor is still under way when the partitions move, and come back.
    stack.scale_out(ROUTER, SECOND).await;
    says(&stack, SECOND, "partitions assigned").await;
    says(&stack, ROUTER, "processors is not ready").await;
    stack.unfreeze(PROCESSOR);
    // No further rebalance helps: both routers stay.
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.stored), ("done", burst.accepted));
    stack.assert_complete(&id, burst.accepted).await;
}

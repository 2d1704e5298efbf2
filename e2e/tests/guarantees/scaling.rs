//! Processors come and go while the router runs, and it finds them in the file that `SINK` names.

use std::time::{Duration, Instant};

use client::eventually::{eventually, lasts, within};
use stack::{
    Setup, Stack,
    plan::name::{PROCESSOR, ROUTER},
};

use crate::load::{assert_kept, burst, settles_within};

const FIRST: &str = "message-processor-1";
const SECOND: &str = "message-processor-2";
const THIRD: &str = "message-processor-3";

/// What a router says of one processor: calls under way, and calls that are allowed.
async fn calls(stack: &Stack, processor: &str) -> (f64, f64) {
    let address = stack.address(processor);
    let metric = async |name: &str| {
        stack.metric(ROUTER, &format!("{name}{{address=\"http://{address}\"}}")).await
    };
    (metric("router_calls_in_flight").await, metric("router_calls_allowed").await)
}

async fn failed_calls(stack: &Stack) -> f64 {
    let metrics = stack.homepage_at(ROUTER).metrics().await.expect("an answer to GET /metrics");
    metrics.sum("router_call_failures_total")
}

/// Waits until a processor has stored some more records.
async fn gets_work(stack: &Stack, processor: &str) {
    let stored =
        async || stack.metric(processor, "processor_records_total{outcome=\"stored\"}").await;
    let before = stored().await;
    within(Duration::from_secs(10), "it stores records", async || stored().await > before + 20.0)
        .await;
}

/// Three processors whose work keeps several calls under way, and no file yet.
async fn three_processors() -> Stack {
    Setup::default().processors(3).sink_file().var(PROCESSOR, "WORK_MS", "10").start().await
}

// Row 37.
#[tokio::test]
async fn a_message_waits_while_there_is_no_processor_and_the_first_one_gets_it_at_once() {
    let mut stack = Setup::default().sink_file().start().await;
    // It has created the table.
    stack.terminate(PROCESSOR).await;
    from_zero(&mut stack, 1).await;
    stack.set_sink(&[]);
    eventually("the processor is off the list", async || calls(&stack, PROCESSOR).await.1 == 0.0)
        .await;
    stack.terminate(PROCESSOR).await;
    from_zero(&mut stack, 2).await;
}

/// Sends the `n`-th message of this stack while no processor runs, and starts one.
async fn from_zero(stack: &mut Stack, n: u64) {
    assert_eq!(stack.post_message("hello").await.status.as_u16(), 202);
    eventually("the message waits", async || waiting(stack).await == 1.0).await;
    // A processor that cannot be reached is reported after a second.
    lasts(Duration::from_secs(2), async || {
        let problems = stack.feed(None, 1).await.problems;
        assert!(problems.is_empty(), "{problems:?}");
        assert!(stack.is_ready(ROUTER).await);
    })
    .await;
    stack.start_again(PROCESSOR).await;
    let listed = Instant::now();
    stack.set_sink(&[PROCESSOR]);
    let stored = async || stack.feed(None, 1).await.totals.stored == n;
    within(Duration::from_secs(3), "the message is in the feed", stored).await;
    let took = listed.elapsed().as_secs_f64();
    println!("row 37: from zero: in the feed {took:.2} s after the processor was listed");
    assert_eq!((failed_calls(stack).await, waiting(stack).await), (0.0, 0.0));
}

async fn waiting(stack: &Stack) -> f64 {
    stack.metric(ROUTER, "router_records_waiting").await
}

// Row 37.
#[tokio::test]
async fn processors_are_added_drained_and_killed_under_load_and_no_message_waits_for_those_that_left()
 {
    let mut stack = three_processors().await;
    stack.set_sink(&[FIRST]);
    let id = burst(&stack, 15).await;
    stack.set_sink(&[FIRST, SECOND, THIRD]);
    gets_work(&stack, SECOND).await;
    gets_work(&stack, THIRD).await;

    stack.set_sink(&[FIRST, THIRD]);
    let drained = async || calls(&stack, SECOND).await == (0.0, 0.0);
    within(Duration::from_secs(5), "the second processor is drained", drained).await;
    assert!(stack.terminate(SECOND).await.success());
    assert_eq!(failed_calls(&stack).await, 0.0, "a processor that was drained refused no call");

    stack.kill(THIRD).await;
    stack.set_sink(&[FIRST]);
    stack.start_again(SECOND).await;
    stack.set_sink(&[FIRST, SECOND]);
    gets_work(&stack, SECOND).await;
    assert_eq!(calls(&stack, THIRD).await, (0.0, 0.0));
    let what = format!("row 37: {} calls failed", failed_calls(&stack).await);
    settles_within(&stack, what, Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
}

// Row 37. REQ_TIMEOUT is 60 s, and the connection's keep-alive ends calls after 10 s.
#[tokio::test]
async fn records_do_not_wait_for_a_frozen_processor_that_was_taken_off_the_list() {
    let stack = three_processors().await;
    stack.set_sink(&[FIRST, SECOND]);
    let id = burst(&stack, 6).await;
    stack.freeze(SECOND);
    eventually("calls to it hang", async || calls(&stack, SECOND).await.0 > 0.0).await;
    stack.set_sink(&[FIRST, THIRD]);
    settles_within(&stack, "row 37: a frozen processor left", Duration::from_secs(20)).await;
    assert_eq!(calls(&stack, SECOND).await, (0.0, 0.0));
    stack.unfreeze(SECOND);
    assert_kept(&stack, &id).await;
}

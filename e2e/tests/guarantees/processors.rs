//! Processors die, freeze, refuse calls and ask for retries.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, lasts, within},
    kafka::{Content, DEAD_TOPIC, GROUP, Kafka, TOPIC},
    message::Position,
    table::{Table, text},
};
use faults::processor_proxy::{Mode, ProcessorProxy, REASON};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, PROCESSOR, ROUTER, TABLE},
};
use tonic::Code;

use crate::load::{assert_kept, burst, settles_within, stored, stored_per_second};

async fn dead_letters(stack: &Stack) -> usize {
    Kafka::at(stack.address(BROKER)).contents(DEAD_TOPIC).await.len()
}

// Row 5.
#[tokio::test]
async fn a_burst_survives_kill_9_of_the_processor() {
    let mut stack = Stack::start().await;
    let id = burst(&stack, 6).await;
    stack.kill(PROCESSOR).await;
    stack.start_again(PROCESSOR).await;
    settles_within(&stack, "row 5", Duration::from_secs(5)).await;
    assert_kept(&stack, &id).await;
}

// Row 6, with more records than the processors can finish.
#[tokio::test]
async fn two_processors_continue_without_the_third() {
    // So slow that only their work limits the throughput, even on a busy machine.
    let setup = Setup::default().processors(3).var(PROCESSOR, "WORK_MS", "40");
    let setup = setup.var(ROUTER, "IN_FLIGHT", "1").var(ROUTER, "BATCH_MAX", "5");
    let mut stack = setup.start().await;
    let id = Kafka::at(stack.address(BROKER)).send_burst("hello", 10, 120).await;
    eventually("some records are stored", async || stored(&stack).await > 100.0).await;
    // So long that a wait for the next records counts little: with so small a window the router runs out of them now and
    // then, and librdkafka takes up to a second until it fetches again.
    let time = Duration::from_secs(6);
    let before = stored_per_second(&stack, time).await;
    stack.kill("message-processor-2").await;
    let after = stored_per_second(&stack, time).await;
    println!("row 6: {before:.0}/s with three, {after:.0}/s with two");
    // Each of them finishes 25 records a second, so one alone cannot do this.
    assert!(after > 27.0, "{before:.0}/s before, {after:.0}/s after");
    settles_within(&stack, "row 6", Duration::from_secs(60)).await;
    stack.assert_complete(&id, 1200).await;
    assert_eq!(dead_letters(&stack).await, 0);
}

// Row 7.
#[tokio::test]
async fn a_processor_stopped_under_load_rejects_no_record() {
    // Slow, so that calls are always running. With one attempt, a final answer would show as a dead letter.
    let setup = Setup::default().processors(2).var(PROCESSOR, "WORK_MS", "5");
    let mut stack = setup.var(ROUTER, "RETRY_COUNT", "0").start().await;
    let id = burst(&stack, 8).await;
    for processor in ["message-processor-1", "message-processor-2"] {
        let status = stack.terminate(processor).await;
        assert!(status.success(), "{processor} ended with {status}");
        stack.start_again(processor).await;
    }
    settles_within(&stack, "row 7", Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
    assert_eq!(dead_letters(&stack).await, 0);
}

// Row 8. If the deadline is far away, the connection's keep-alive ends calls earlier.
#[tokio::test]
async fn calls_to_a_frozen_processor_end_and_lose_no_message() {
    tokio::join!(
        survives_a_frozen_processor("3", 3, "DeadlineExceeded"),
        survives_a_frozen_processor("60", 10, "Unavailable")
    );
}

async fn survives_a_frozen_processor(call_timeout: &str, seconds: u64, code: &str) {
    let setup = Setup::default().var(ROUTER, "REQ_TIMEOUT", call_timeout);
    let stack = setup.var(ROUTER, "RETRY_COUNT", "0").start().await;
    let id = burst(&stack, 6).await;
    stack.freeze(PROCESSOR);
    let frozen = Instant::now();
    let failures = format!("router_call_failures_total{{code=\"{code}\"}}");
    within(Duration::from_secs(seconds + 4), "a call to the processor has ended", async || {
        stack.metric(ROUTER, &failures).await > 0.0
    })
    .await;
    let ended = frozen.elapsed();
    lasts(Duration::from_secs(20).saturating_sub(ended), async || {}).await;
    stack.unfreeze(PROCESSOR);
    let what = format!("row 8: REQ_TIMEOUT={call_timeout}: {code} after {ended:.1?}");
    settles_within(&stack, what, Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
    assert_eq!(dead_letters(&stack).await, 0);
}

/// A stack with a proxy between the router and the processor.
async fn with_proxy(setup: Setup) -> (ProcessorProxy, Stack) {
    let proxy = ProcessorProxy::start().await.expect("a port is free");
    let stack = setup.var(ROUTER, "SINK", &proxy.url()).start().await;
    proxy.forward_to(stack.address(PROCESSOR));
    (proxy, stack)
}

// Row 9.
#[tokio::test]
async fn the_router_waits_for_a_processor_that_refuses_every_call() {
    tokio::join!(survives_refusals(Code::Unavailable), survives_refusals(Code::ResourceExhausted));
}

async fn survives_refusals(code: Code) {
    // If a failed call counted as an attempt, its records would soon be dead letters.
    let setup = Setup::default().var(ROUTER, "RETRY_COUNT", "1").var(ROUTER, "RETRY_INTERVAL", "1");
    let (proxy, stack) = with_proxy(setup).await;
    let id = burst(&stack, 6).await;
    proxy.set_mode(Mode::Fail(code));
    eventually("the router is not ready", async || !stack.is_ready(ROUTER).await).await;
    lasts(Duration::from_secs(30), async || {}).await;
    let calls = proxy.own_answers().len();
    proxy.set_mode(Mode::Forward);
    let what = format!("row 9: {code:?}: {calls} calls");
    settles_within(&stack, what, Duration::from_secs(15)).await;
    // About one to four calls a second: enough to notice soon that the processor has healed.
    assert!((30..=120).contains(&calls), "{calls} calls");
    assert_kept(&stack, &id).await;
    assert_eq!(dead_letters(&stack).await, 0);
}

// Row 10.
#[tokio::test]
async fn a_record_that_never_succeeds_becomes_a_dead_letter_and_harms_no_other() {
    let setup = Setup::default().var(ROUTER, "RETRY_COUNT", "3").var(ROUTER, "RETRY_INTERVAL", "1");
    let (proxy, stack) = with_proxy(setup).await;
    proxy.set_mode(Mode::Retry("stubborn".into()));
    let kafka = Kafka::at(stack.address(BROKER));
    let id = burst(&stack, 8).await;
    let record = Content::message(r#"{"message":"stubborn"}"#);
    let ends = kafka.high_watermarks(TOPIC).await;
    let (busiest, _) = ends.into_iter().max_by_key(|(_, end)| *end).expect("it has partitions");
    let Position { partition, offset } = kafka.send_content(TOPIC, busiest, &record).await;
    eventually("the record was tried", async || !proxy.own_answers().is_empty()).await;
    eventually("a later record of its partition is stored", async || {
        last_row(&stack, partition).await > Some(offset)
    })
    .await;
    let letters = dead_letters(&stack).await;
    assert!(letters == 0 || proxy.own_answers().len() == 4, "the record was given up too soon");
    within(Duration::from_secs(10), "the record no longer blocks its partition", async || {
        kafka.committed(GROUP).await.get(&partition).is_some_and(|next| *next > offset)
    })
    .await;
    let tried = proxy.own_answers();
    let blocked = tried[0].elapsed();
    println!("row 10: its partition was blocked for {blocked:.1?}");
    assert_eq!(tried.len(), 4);
    assert!(tried.windows(2).all(|two| two[1] - two[0] >= Duration::from_secs(1)), "{tried:?}");
    // Besides the three intervals: four calls, the dead letter, a commit, and the polls of this test.
    assert!(blocked < Duration::from_secs(3 + 2), "{blocked:?}");

    let dead: Vec<_> = kafka.contents(DEAD_TOPIC).await.into_values().collect();
    assert_eq!(dead.len(), 1);
    let header = |name: &str| dead[0].text(name);
    assert_eq!(dead[0].value, record.value);
    assert_eq!((header("barrage_attempts"), header("barrage_reason")), (Some("4"), Some(REASON)));
    assert_kept(&stack, &id).await;
}

/// The highest offset with a row in a partition.
async fn last_row(stack: &Stack, partition: i32) -> Option<i64> {
    let rows = Table::at(stack.address(TABLE)).all().await;
    let shard = format!("{TOPIC}#{partition}#0");
    let of_partition = rows.iter().filter(|row| text(row, "shard").as_ref() == Some(&shard));
    of_partition.filter_map(|row| text(row, "offset")?.parse().ok()).max()
}

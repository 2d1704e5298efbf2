//! Routers die, freeze, join and leave.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, lasts, within},
    kafka::{GROUP, Kafka, TOPIC},
};
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::load::{assert_kept, burst, settles_within};

const SECOND: &str = "second-router";

/// The promised time after a router was killed.
const SETTLED: Duration = Duration::from_secs(15);

/// How long settling may take if no time is promised.
const SETTLE_DEADLINE: Duration = Duration::from_secs(60);

/// The default of the router's `SHUTDOWN_GRACE`.
const GRACE: Duration = Duration::from_secs(25);

/// Longer than the session timeout of the consumer group, which is 6 s.
const FROZEN: Duration = Duration::from_secs(20);

// Row 1. Calls end in another order than they began. So a router that commits past a call that still runs would
// lose its records.
#[tokio::test]
async fn a_burst_survives_kill_9_of_the_router() {
    let setup = Setup::default().processors(2).var("message-processor-2", "WORK_MS", "60");
    let mut stack = setup.var(ROUTER, "BATCH_MAX", "10").start().await;
    let id = burst(&stack, 4).await;
    stack.kill(ROUTER).await;
    stack.start_again(ROUTER).await;
    settles_within(&stack, "row 1", SETTLED).await;
    assert_kept(&stack, &id).await;
}

/// A stack whose processor is so slow that the router's window is always full and its partitions are paused.
fn busy() -> Setup {
    let slow = Setup::default().var(PROCESSOR, "WORK_MS", "12");
    slow.var(ROUTER, "BATCH_MAX", "50").var(ROUTER, "IN_FLIGHT", "1")
}

// Row 2. Whatever the backlog, the router holds its window of 100 records and what it has just fetched.
#[tokio::test]
async fn a_router_with_a_backlog_holds_no_more_records_than_its_window() {
    let setup = Setup::default().var(PROCESSOR, "WORK_MS", "2").later(ROUTER);
    let setup = setup.var(ROUTER, "BATCH_MAX", "50").var(ROUTER, "IN_FLIGHT", "1");
    let mut stack = setup.start().await;
    eventually("the page is ready", async || stack.is_ready(HOMEPAGE).await).await;
    let burst = json!({ "message": "hello", "concurrency": 100, "duration": 2, "rate": 15 });
    let id = stack.send_burst(burst).await;
    eventually("there is a backlog", async || stack.feed(None, 1).await.totals.waiting >= 2000)
        .await;
    stack.start_again(ROUTER).await;
    let mut most = 0.0_f64;
    eventually("a part of the backlog is stored", async || {
        most = most.max(stack.metric(ROUTER, "router_records_in_flight").await);
        stack.burst(&id).await.stored > 1000
    })
    .await;
    println!("row 2: at most {most} were in flight");
    assert!((50.0..600.0).contains(&most), "{most}");
    assert_kept(&stack, &id).await;
}

// Row 2.
#[tokio::test]
async fn a_router_finishes_what_is_in_flight_after_sigterm() {
    let mut stack = busy().start().await;
    let id = burst(&stack, 6).await;
    let mut in_flight = 0.0;
    eventually("many records are in flight", async || {
        in_flight = stack.metric(ROUTER, "router_records_in_flight").await;
        in_flight > 50.0
    })
    .await;
    let signalled = Instant::now();
    let status = stack.terminate(ROUTER).await;
    let ended = signalled.elapsed();
    assert!(status.success(), "it ended with {status}");
    assert!(ended < GRACE, "it ended after {ended:?}");
    stack.start_again(ROUTER).await;
    settles_within(&stack, "row 2", SETTLE_DEADLINE).await;
    assert_kept(&stack, &id).await;
    let answered = stack.metric(PROCESSOR, "processor_records_total{outcome=\"stored\"}").await;
    let again = answered - stack.ledger(&id).await.stored() as f64;
    println!("row 2: exit after {ended:.1?}; of {in_flight} in flight {again} came again");
    assert!((0.0..=in_flight).contains(&again));
}

// Row 3, as the only router: nobody else commits meanwhile.
#[tokio::test]
async fn a_router_that_was_frozen_alone_commits_nothing_stale() {
    let stack = Stack::start().await;
    survives_being_frozen(&stack).await;
}

// Row 3, while another router takes over the partitions and continues.
#[tokio::test]
async fn a_router_that_was_frozen_while_another_ran_commits_nothing_stale() {
    let mut stack = Stack::start().await;
    stack.scale_out(ROUTER, SECOND).await;
    eventually("both have partitions", async || {
        stack.count_in_log(SECOND, "partitions assigned") > 0
    })
    .await;
    survives_being_frozen(&stack).await;
}

async fn survives_being_frozen(stack: &Stack) {
    let id = burst(stack, 24).await;
    never_back(stack, async {
        stack.freeze(ROUTER);
        lasts(FROZEN, async || {}).await;
        stack.unfreeze(ROUTER);
        settles_within(stack, "row 3", SETTLE_DEADLINE).await;
        eventually("the router has noticed that it lost its partitions", async || {
            stack.count_in_log(ROUTER, "partitions were lost") > 0
        })
        .await;
    })
    .await;
    assert_kept(stack, &id).await;
}

/// Fails if a committed offset goes back before `meantime` ends.
async fn never_back(stack: &Stack, meantime: impl Future<Output = ()>) {
    let kafka = Kafka::at(stack.address(BROKER));
    let mut before = kafka.committed(GROUP).await;
    let watch = within(Duration::from_secs(120), "the committed offsets are watched", async || {
        let now = kafka.committed(GROUP).await;
        let has_grown = now.iter().all(|(partition, next)| before.get(partition) <= Some(next));
        assert!(has_grown, "committed offsets went back from {before:?} to {now:?}");
        before = now;
        false
    });
    tokio::select! {
        () = meantime => {}
        () = watch => unreachable!("it only ends by a panic"),
    }
}

// Row 4.
#[tokio::test]
async fn no_message_is_lost_when_a_second_router_joins_and_leaves_three_times() {
    let mut stack = busy().start().await;
    let id = burst(&stack, 10).await;
    let mut assigned = 0;
    for start in 1..=3 {
        match start {
            1 => stack.scale_out(ROUTER, SECOND).await,
            _ => stack.start_again(SECOND).await,
        }
        eventually("the second router has partitions", async || {
            stack.count_in_log(SECOND, "partitions assigned") > assigned
        })
        .await;
        assert!(stack.terminate(SECOND).await.success());
        assigned = stack.count_in_log(SECOND, "partitions assigned");
    }
    let left = Instant::now();
    assert_kept(&stack, &id).await;
    println!("row 4: settled in {:.1} s", left.elapsed().as_secs_f64());
    assert_every_partition_is_owned(&stack).await;
}

/// Records of every partition are finished.
async fn assert_every_partition_is_owned(stack: &Stack) {
    let kafka = Kafka::at(stack.address(BROKER));
    let before = kafka.high_watermarks(TOPIC).await;
    let id = kafka.send_burst("to every partition", 60, 1).await;
    let after = kafka.high_watermarks(TOPIC).await;
    let grew = |(partition, end)| before.get(partition) < Some(end);
    assert!(after.iter().all(grew), "a partition got nothing: {before:?}, {after:?}");
    settles_within(stack, "row 4, every partition", SETTLE_DEADLINE).await;
    stack.assert_complete(&id, 60).await;
}

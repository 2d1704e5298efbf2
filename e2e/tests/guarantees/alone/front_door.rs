//! One address that hides one to N processors, as that of a Knative service does.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, within},
    kafka::Kafka,
};
use faults::front_door::FrontDoor;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::load::{settles_within, stored, stored_per_second};

const PROCESSORS: u16 = 4;

/// How many calls a processor serves at once.
const CONCURRENCY: usize = 10;

/// A call of one record is served in this time, so one processor finishes 10 records a second: so few that only this
/// work limits the throughput, even on a busy machine.
const WORK_MS: &str = "1000";

/// How many records wait at first.
const RECORDS: u64 = 1200;

/// How soon all processors must have work.
const SPREAD: Duration = Duration::from_secs(10);

/// Between two messages while processors are taken away: one processor is enough for so few.
const PAUSE: Duration = Duration::from_millis(300);

/// For so long the throughput is measured.
const MEAN: Duration = Duration::from_secs(10);

/// The share of N times the throughput of one processor that N must reach.
const SHARE: f64 = 0.9;

// Row 36.
#[tokio::test]
async fn all_processors_behind_one_address_get_work_and_nothing_is_lost_when_some_are_taken_away() {
    let door = FrontDoor::start(CONCURRENCY).await.expect("a port is free");
    let mut stack = behind(&door).await;
    let kafka = Kafka::at(stack.address(BROKER));
    let id = kafka.send_burst("hello", 10, RECORDS / 10).await;
    eventually("one processor serves as many calls as it can", async || {
        stored(&stack).await > 20.0 && door.under_way() > CONCURRENCY
    })
    .await;
    let one = stored_per_second(&stack, MEAN).await;

    let (calls, refused) = (door.under_way(), door.refused());
    door.allow(PROCESSORS.into());
    let allowed = Instant::now();
    // In their second round, so that the first calls of each are finished.
    within(SPREAD, "all processors serve as many calls as they can", async || {
        door.served().iter().all(|it| *it > CONCURRENCY as u64)
    })
    .await;
    let spread = allowed.elapsed();
    let all = stored_per_second(&stack, MEAN).await;
    println!(
        "row 36: {one:.0}/s with one processor and {calls} calls under way; all were busy after {spread:.1?}; \
         {all:.0}/s with {PROCESSORS} and {} calls; {refused} calls were refused before, {} in all",
        door.under_way(),
        door.refused()
    );
    assert!(all >= SHARE * f64::from(PROCESSORS) * one, "{one:.0}/s with one, {all:.0}/s with all");

    settles_within(&stack, "row 36, all processors", Duration::from_secs(60)).await;
    let meanwhile = scale_in(&mut stack, &door).await;
    settles_within(&stack, "row 36, one processor", Duration::from_secs(15)).await;
    stack.assert_complete(&id, RECORDS).await;
    for burst in &meanwhile {
        stack.assert_complete(burst, 1).await;
    }
    println!("row 36: {} messages were sent while processors were taken away", meanwhile.len());
}

/// A stack whose router knows only the front door.
async fn behind(door: &FrontDoor) -> Stack {
    let setup = Setup::default().processors(PROCESSORS).without(HOMEPAGE);
    let setup = setup.var(PROCESSOR, "WORK_MS", WORK_MS).var(ROUTER, "SINK", &door.url());
    let stack = setup.start().await;
    door.open_to(processors(&stack).iter().map(|name| stack.address(name)));
    stack
}

fn processors(stack: &Stack) -> Vec<String> {
    stack.names().into_iter().filter(|name| name.starts_with(PROCESSOR)).collect()
}

/// Few messages come, so the autoscaler takes processors away, and these are stopped. Returns the bursts that were
/// sent meanwhile, of one message each.
async fn scale_in(stack: &mut Stack, door: &FrontDoor) -> Vec<String> {
    let kafka = Kafka::at(stack.address(BROKER));
    let (mut alive, mut sent, mut last) = (processors(stack), Vec::new(), Instant::now());
    within(Duration::from_secs(60), "one processor is left", async || {
        if last.elapsed() >= PAUSE {
            last = Instant::now();
            sent.push(kafka.send_burst("few", 1, 1).await);
        }
        while alive.len() > door.running() {
            let name = alive.pop().expect("one always runs");
            assert!(stack.terminate(&name).await.success());
        }
        alive.len() == 1
    })
    .await;
    sent
}

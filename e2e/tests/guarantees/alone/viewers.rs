//! Thousands watch one homepage.

use std::time::Duration;

use client::eventually::within;
use faults::viewers::Viewers;
use stack::{Stack, plan::name::HOMEPAGE};

use crate::load;

/// Longer than it takes until everybody has come, on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(90);

/// How soon 99 of 100 polls are answered.
const PROMPT: Duration = Duration::from_millis(100);

/// Row 26. Another program may hold up all of this for a moment; slow readers who hold up the others do so
/// during each burst. How often the table is read depends on how busy the machine is: before and after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_do_not_slow_down_other_viewers() {
    assert_room_for_connections(6000);
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000000")]).await;
    let mut bursts = Vec::new();
    let before = reads_of_a_burst(&stack, &mut bursts).await;

    let crowd = Viewers::start(stack.address(HOMEPAGE), 4000, 1000, Duration::from_secs(6));
    within(ARRIVAL, "everybody has come", async || {
        crowd.slow_bytes() > 1000 && crowd.has_delays(8000)
    })
    .await;
    let (mut best, mut watched) = (Duration::MAX, 0.0_f64);
    for _ in 1..=3 {
        crowd.take_delays();
        watched = watched.max(reads_of_a_burst(&stack, &mut bursts).await);
        best = best.min(p99(&crowd));
        if best < PROMPT {
            break;
        }
    }
    assert!(best < PROMPT, "the p99 of the others is {best:?} at the best");
    drop(crowd);
    let after = reads_of_a_burst(&stack, &mut bursts).await;
    println!("row 26: {watched} table reads; {before} and {after} without viewers");
    assert!(watched < before.max(after) * 1.5, "the table is read more when more people watch");
    for id in bursts {
        load::assert_kept(&stack, &id).await;
    }
}

/// Sends one more burst. Returns how often the homepage has read the table meanwhile.
async fn reads_of_a_burst(stack: &Stack, bursts: &mut Vec<String>) -> f64 {
    let before = table_reads(stack).await;
    let burst = load::burst(stack, 8).await;
    stack.settled(&burst).await;
    bursts.push(burst);
    table_reads(stack).await - before
}

/// How soon 99 of 100 polls were answered; none may have failed.
fn p99(crowd: &Viewers) -> Duration {
    let delays = crowd.take_delays();
    let p99 = delays[delays.len() * 99 / 100];
    println!("row 26: p99 of {} polls {p99:.1?}, {} failed", delays.len(), crowd.failures());
    assert_eq!(crowd.failures(), 0);
    p99
}

/// How often the homepage has read the table.
async fn table_reads(stack: &Stack) -> f64 {
    stack.metric(HOMEPAGE, "barrage_table_reads_total").await
}

fn assert_room_for_connections(needed: u64) {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("a Linux tells its limits");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = files.and_then(|line| line.split_whitespace().next()).expect("there is a limit");
    let room = files.parse().unwrap_or(u64::MAX);
    assert!(
        room >= needed,
        "only {room} files may be open: raise the limit with ulimit -n {needed}"
    );
}

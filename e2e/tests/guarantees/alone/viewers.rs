//! Thousands of viewers of one homepage.

use std::time::Duration;

use client::eventually::within;
use faults::viewers::Viewers;
use stack::{Stack, plan::name::HOMEPAGE};

use crate::load;

/// How long it may take until all viewers are there, on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(90);

/// The promised p99 of polls.
const PROMPT: Duration = Duration::from_millis(100);

// Row 26. The best of three bursts counts: another program may slow down one of them, but slow readers would
// slow down all. How often the table is read depends on how busy the machine is, so bursts without viewers
// before and after are compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_do_not_slow_down_other_viewers() {
    assert_room_for_connections(6000);
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000000")]).await;
    let mut bursts = Vec::new();
    let before = reads_of_a_burst(&stack, &mut bursts).await;

    let viewers = Viewers::start(stack.address(HOMEPAGE), 4000, 1000, Duration::from_secs(6));
    within(ARRIVAL, "all viewers are there", async || {
        viewers.slow_bytes() > 1000 && viewers.has_delays(8000)
    })
    .await;
    let (mut best, mut watched) = (Duration::MAX, 0.0_f64);
    for _ in 1..=3 {
        viewers.take_delays();
        watched = watched.max(reads_of_a_burst(&stack, &mut bursts).await);
        best = best.min(p99(&viewers));
        if best < PROMPT {
            break;
        }
    }
    assert!(best < PROMPT, "the best p99 of the other viewers is {best:?}");
    drop(viewers);
    let after = reads_of_a_burst(&stack, &mut bursts).await;
    println!("row 26: {watched} table reads; {before} and {after} without viewers");
    assert!(
        watched < before.max(after) * 1.5,
        "viewers make the homepage read the table more often"
    );
    for id in bursts {
        load::assert_kept(&stack, &id).await;
    }
}

/// Sends one more burst. Returns how often the homepage has read the table for it.
async fn reads_of_a_burst(stack: &Stack, bursts: &mut Vec<String>) -> f64 {
    let before = table_reads(stack).await;
    let burst = load::burst(stack, 8).await;
    stack.settled(&burst).await;
    bursts.push(burst);
    table_reads(stack).await - before
}

/// The p99 of the polls since the last call. No poll may have failed.
fn p99(viewers: &Viewers) -> Duration {
    let delays = viewers.take_delays();
    let p99 = delays[delays.len() * 99 / 100];
    println!("row 26: p99 of {} polls {p99:.1?}, {} failed", delays.len(), viewers.failures());
    assert_eq!(viewers.failures(), 0);
    p99
}

async fn table_reads(stack: &Stack) -> f64 {
    stack.metric(HOMEPAGE, "barrage_table_reads_total").await
}

fn assert_room_for_connections(needed: u64) {
    let limits =
        std::fs::read_to_string("/proc/self/limits").expect("Linux lists the limits of a process");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files =
        files.and_then(|line| line.split_whitespace().next()).expect("the line has a limit");
    let room = files.parse().unwrap_or(u64::MAX);
    assert!(
        room >= needed,
        "only {room} files may be open; raise the limit with ulimit -n {needed}"
    );
}

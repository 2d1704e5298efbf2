//! Thousands watch one homepage.

use std::time::Duration;

use local::{bench::crowd::Crowd, eventually::within, plan::name::HOMEPAGE, stack::Stack};

use crate::load;

/// Longer than it takes until everybody has come, on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(90);

/// Row 26.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_read_a_byte_a_second_slow_nobody_else_down() {
    assert_room_for_connections(6000);
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000000")]).await;
    let before = table_reads(&stack).await;
    let alone = load::burst(&stack, 8).await;
    stack.settled(&alone).await;
    let reads_alone = table_reads(&stack).await - before;

    let crowd = Crowd::gather(stack.address(HOMEPAGE), 4000, 1000, Duration::from_secs(6));
    within(ARRIVAL, "everybody has come", async || {
        crowd.slow_bytes() > 1000 && crowd.has_delays(8000)
    })
    .await;
    crowd.take_delays();
    let before = table_reads(&stack).await;
    let watched = load::burst(&stack, 8).await;
    stack.settled(&watched).await;
    let reads_watched = table_reads(&stack).await - before;
    let delays = crowd.take_delays();
    let p99 = delays[delays.len() * 99 / 100];
    println!(
        "row 26: p99 of {} polls {p99:.1?}, {} failed; {reads_alone} table reads without viewers, \
         {reads_watched} with",
        delays.len(),
        crowd.failures(),
    );
    assert_eq!(crowd.failures(), 0);
    assert!(p99 < Duration::from_millis(100), "the p99 of the others is {p99:?}");
    assert!(reads_watched < reads_alone * 1.5, "the table is read more when more people watch");
    drop(crowd);
    for id in [alone, watched] {
        load::assert_kept(&stack, &id).await;
    }
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

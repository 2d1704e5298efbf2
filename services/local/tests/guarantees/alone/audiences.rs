//! Thousands watch one homepage.

use std::time::Duration;

use local::{bench::crowd::Crowd, eventually::within, plan::name::HOMEPAGE, stack::Stack};

use crate::load;

/// Longer than it takes until everybody has come, on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(90);

/// How soon 99 of 100 polls are answered.
const PROMPT: Duration = Duration::from_millis(100);

/// A burst, and what watching it was like.
struct Watched {
    burst: String,
    p99: Duration,
    table_reads: f64,
}

/// Row 26. Another program may hold up all of this for a moment; slow readers who hold up the others do so
/// during each burst.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_read_a_byte_a_second_slow_nobody_else_down() {
    assert_room_for_connections(6000);
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000000")]).await;
    let before = table_reads(&stack).await;
    let mut bursts = vec![load::burst(&stack, 8).await];
    stack.settled(&bursts[0]).await;
    let reads_alone = table_reads(&stack).await - before;

    let crowd = Crowd::gather(stack.address(HOMEPAGE), 4000, 1000, Duration::from_secs(6));
    within(ARRIVAL, "everybody has come", async || {
        crowd.slow_bytes() > 1000 && crowd.has_delays(8000)
    })
    .await;
    let mut best = Duration::MAX;
    while best >= PROMPT && bursts.len() <= 3 {
        let Watched { burst, p99, table_reads } = watch(&stack, &crowd).await;
        println!("row 26: {table_reads} table reads, and {reads_alone} without viewers");
        assert!(table_reads < reads_alone * 1.5, "the table is read more when more people watch");
        bursts.push(burst);
        best = best.min(p99);
    }
    assert!(best < PROMPT, "the p99 of the others is {best:?} at the best");
    drop(crowd);
    for id in bursts {
        load::assert_kept(&stack, &id).await;
    }
}

/// Sends a burst while all of them look on.
async fn watch(stack: &Stack, crowd: &Crowd) -> Watched {
    crowd.take_delays();
    let before = table_reads(stack).await;
    let burst = load::burst(stack, 8).await;
    stack.settled(&burst).await;
    let table_reads = table_reads(stack).await - before;
    let delays = crowd.take_delays();
    let p99 = delays[delays.len() * 99 / 100];
    println!("row 26: p99 of {} polls {p99:.1?}, {} failed", delays.len(), crowd.failures());
    assert_eq!(crowd.failures(), 0);
    Watched { burst, p99, table_reads }
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

//! Homepages die, stop, and share their viewers.

use std::time::{Duration, Instant};

use local::{
    bench::{
        crowd::Crowd,
        ledger::{Ledger, assert_complete},
        rows::{Rows, text},
        viewer::Viewer,
    },
    eventually::{eventually, within},
    homepage::Homepage,
    plan::name::{HOMEPAGE, TABLE},
    stack::Stack,
};
use serde_json::json;

use crate::load;

const OTHER: &str = "homepage-2";

/// Longer than a burst of these tests takes to settle on a busy machine.
const SETTLE: Duration = Duration::from_secs(90);

/// A stack with a second homepage beside its own.
async fn with_two_homepages() -> (Stack, [Homepage; 2]) {
    let mut stack = Stack::start().await;
    stack.scale_out(HOMEPAGE, OTHER).await;
    eventually("the second homepage is ready", async || stack.is_ready(OTHER).await).await;
    let both = [stack.homepage().clone(), stack.homepage_at(OTHER)];
    (stack, both)
}

/// Row 23.
#[tokio::test]
async fn what_kafka_took_of_a_burst_survives_kill_9_of_its_homepage() {
    let (mut stack, homepages) = with_two_homepages().await;
    let [own, other] = &homepages;
    let mut viewer = Viewer::default();
    viewer.poll(own).await;
    let id = load::burst(&stack, 60).await;
    viewer.poll(own).await;
    let killed = Instant::now();
    stack.kill(HOMEPAGE).await;

    within(SETTLE, "the other homepage says that it has stopped", async || {
        viewer.poll(other).await;
        other.burst(&id).await.is_ok_and(|burst| burst.state == "stopped")
    })
    .await;
    println!("row 23: known as stopped after {:.1} s", killed.elapsed().as_secs_f64());
    stack.start_again(HOMEPAGE).await;
    for homepage in &homepages {
        within(SETTLE, "all that was accepted is stored, on either homepage", async || {
            let burst = homepage.burst(&id).await;
            burst.is_ok_and(|it| it.state == "stopped" && it.stored == it.accepted)
        })
        .await;
    }
    let accepted = stack.burst(&id).await.accepted;
    assert_complete(&stack, &id, accepted).await;
    eventually("the viewer has gone on, on both homepages", async || {
        viewer.poll(own).await;
        viewer.poll(other).await;
        viewer.drawn(&id) as u64 >= accepted
    })
    .await;
    viewer.assert_drew(&stack.results(&id).await);
    println!("row 23: {accepted} kept, {} came again to the viewer", viewer.came_again());
}

/// Row 24.
#[tokio::test]
async fn a_homepage_that_is_told_to_stop_waits_for_every_acknowledgement() {
    let mut stack = Stack::start().await;
    let id = load::burst(&stack, 60).await;
    let told = Instant::now();
    let status = stack.terminate(HOMEPAGE).await;
    println!("row 24: stopped in {:.1} s", told.elapsed().as_secs_f64());
    assert!(status.success(), "it ended with {status}");

    // Its last word, and what lies in Kafka: nobody has counted anew meanwhile.
    let rows = Rows::at(stack.address(TABLE)).all().await;
    let own = rows.iter().find(|row| text(row, "shard") == Some(format!("burst#{id}")));
    let said = own.and_then(|row| text(row, "accepted")).expect("the burst has a row");
    let ledger = Ledger::of(&stack, &id).await;
    assert_eq!(said, ledger.accepted().to_string());

    stack.start_again(HOMEPAGE).await;
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed), ("stopped", 0));
    within(SETTLE, "all that was accepted is stored", async || {
        let burst = stack.burst(&id).await;
        burst.stored == burst.accepted
    })
    .await;
    assert_complete(&stack, &id, ledger.accepted() as u64).await;
}

/// Row 25.
#[tokio::test]
async fn a_viewer_who_switches_homepages_at_each_poll_misses_nothing() {
    let (stack, homepages) = with_two_homepages().await;
    let mut viewer = Viewer::default();
    viewer.poll(&homepages[0]).await;
    let mut ids = Vec::new();
    for homepage in &homepages {
        let burst = json!({ "message": "hello", "concurrency": 10, "duration": 6, "rate": 20 });
        let answer = homepage.post_burst(&burst).await.expect("an answer");
        ids.push(answer.body["id"].as_str().expect("it has an id").to_owned());
    }
    let mut turns = homepages.iter().cycle();
    within(SETTLE, "both bursts are done, and all of them was drawn", async || {
        let homepage = turns.next().expect("a cycle does not end");
        viewer.poll(homepage).await;
        let mut complete = true;
        for id in &ids {
            // Each of them is asked about its own burst and about the other's.
            let burst = homepage.burst(id).await.expect("an answer");
            complete &= burst.state == "done" && viewer.drawn(id) as u64 == burst.accepted;
        }
        complete
    })
    .await;
    let mut rows = Vec::new();
    for id in &ids {
        load::assert_kept(&stack, id).await;
        rows.extend(stack.results(id).await);
    }
    viewer.assert_drew(&rows);
    for homepage in &homepages {
        let totals = homepage.feed(None, 1).await.expect("a feed").totals;
        let all = rows.len() as u64;
        assert_eq!((totals.accepted, totals.stored, totals.waiting), (all, all, 0));
    }
    println!("row 25: {} bullets, {} came again", rows.len(), viewer.came_again());
}

/// Row 26.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_read_a_byte_a_second_slow_nobody_else_down() {
    assert_room_for_connections(6000);
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000000")]).await;
    let alone = load::burst(&stack, 8).await;
    let before = table_reads(&stack).await;
    stack.settled(&alone).await;
    let reads_alone = table_reads(&stack).await - before;

    let crowd = Crowd::gather(stack.address(HOMEPAGE), 4000, 1000, Duration::from_secs(6));
    within(SETTLE, "everybody has come", async || {
        crowd.slow_bytes() > 1000 && crowd.polls() > 8000
    })
    .await;
    crowd.take_delays();
    let watched = load::burst(&stack, 8).await;
    let mut slowest = Vec::new();
    let before = table_reads(&stack).await;
    within(SETTLE, "the burst is done", async || {
        if crowd.has_delays(4000) {
            let delays = crowd.take_delays();
            slowest.push(delays[delays.len() * 99 / 100]);
        }
        stack.burst(&watched).await.state == "done"
    })
    .await;
    let reads_watched = table_reads(&stack).await - before;
    println!(
        "row 26: p99 of each 4000 polls {slowest:.1?}, {} failed; {reads_alone} table reads without \
         viewers, {reads_watched} with",
        crowd.failures(),
    );
    assert_eq!(crowd.failures(), 0);
    // The slow ones are there all the time; what else the machine does is not.
    let quietest = slowest.iter().min().expect("thousands have polled");
    assert!(*quietest < Duration::from_millis(100), "the p99 of the others is {quietest:?}");
    assert!(reads_watched < reads_alone * 3 / 2, "the table is read more when more people watch");
    drop(crowd);
    for id in [alone, watched] {
        load::assert_kept(&stack, &id).await;
    }
}

/// How often the homepage has read the table.
async fn table_reads(stack: &Stack) -> u64 {
    let metrics = stack.homepage().get("/metrics").await.expect("the metrics").body;
    let lines = metrics.as_str().expect("metrics are text").lines();
    let mut counts = lines.filter_map(|line| line.strip_prefix("barrage_table_reads_total "));
    counts.next().and_then(|count| count.parse().ok()).expect("table reads are counted")
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

//! Stand-ins that may keep little data: the oldest goes, what waits stays, and every number stays true.

use std::{fs, path::Path, time::Duration};

use client::{
    answers::Totals,
    eventually::{eventually, within},
    kafka::{GROUP, Kafka, TOPIC},
    table::Table,
};
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, HOMEPAGE, ROUTER, TABLE},
};

/// Of both stand-ins. A burst takes more.
const KEEP: u64 = 8_000_000;

const BURST: u64 = 6000;

/// What came in the last half minute stays. Then the rest may take a moment on a busy machine.
const GONE: Duration = Duration::from_secs(120);

/// How many bytes the database of a stand-in takes, with SQLite's log.
fn bytes(stack: &Stack, stand_in: &str) -> u64 {
    let length = |file: &Path| fs::metadata(file).map_or(0, |it| it.len());
    let file = stack.data_folder().join(stand_in).join(format!("{stand_in}.db"));
    let log = file.with_extension("db-wal");
    assert!(length(&file) > 0, "{file:?} is missing");
    length(&file) + length(&log)
}

async fn records(stack: &Stack) -> u64 {
    let watermarks = Kafka::at(stack.address(BROKER)).watermarks(TOPIC).await;
    watermarks.values().map(|(low, high)| high.abs_diff(*low)).sum()
}

async fn send(stack: &Stack) {
    // The longest message, of letters with three bytes each.
    let message = "弹".repeat(100);
    Kafka::at(stack.address(BROKER)).send_burst(&message, 20, BURST / 20).await;
}

/// Waits until the page counts so many as stored and waiting, and nothing as anything else.
async fn counted(stack: &Stack, stored: u64, waiting: u64) -> Totals {
    let mut totals = stack.feed(None, 1).await.totals;
    let what = format!("{stored} are stored, and {waiting} wait");
    within(GONE, &what, async || {
        totals = stack.feed(None, 1).await.totals;
        (totals.accepted, totals.stored, totals.waiting) == (stored + waiting, stored, waiting)
    })
    .await;
    assert_eq!((totals.expired, totals.finished_without_row), (0, 0), "{totals:?}");
    totals
}

/// Waits until both databases take no more than they may, and something has gone from each.
async fn fits(stack: &Stack, sent: u64) {
    within(GONE, "old messages have gone", async || {
        bytes(stack, BROKER) <= KEEP / 2 && bytes(stack, TABLE) <= KEEP / 2
    })
    .await;
    assert!(records(stack).await < sent, "all records are still there");
    let rows = Table::at(stack.address(TABLE)).all().await.len() as u64;
    assert!(rows < sent, "all {rows} rows are still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_messages_go_what_waits_stays_and_all_stay_counted() {
    let mut stack = Setup::default().backend(Backend::StandIns).keep(KEEP).start().await;
    send(&stack).await;
    let before = counted(&stack, BURST, 0).await;
    fits(&stack, BURST).await;
    assert_eq!(counted(&stack, BURST, 0).await, before);

    stack.terminate(ROUTER).await;
    send(&stack).await;
    counted(&stack, BURST, BURST).await;
    let kafka = Kafka::at(stack.address(BROKER));
    within(GONE, "of the finished ones none is left", async || records(&stack).await <= BURST)
        .await;
    assert_eq!(records(&stack).await, BURST, "one that waits has gone");
    counted(&stack, BURST, BURST).await;

    stack.start_again(ROUTER).await;
    counted(&stack, 2 * BURST, 0).await;
    eventually("all is committed", async || {
        kafka.committed(GROUP).await == kafka.high_watermarks(TOPIC).await
    })
    .await;
    fits(&stack, 2 * BURST).await;
    let last = counted(&stack, 2 * BURST, 0).await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    assert_eq!(counted(&stack, 2 * BURST, 0).await, last, "also by a homepage that starts");
}

//! The table dies, returns items unprocessed, throttles, is slow, and answers with old data.

use std::{collections::BTreeMap, time::Duration};

use client::{
    eventually::{eventually, lasts, within},
    feed::Viewer,
    kafka::Content,
    ledger::End,
};
use faults::table_proxy::Faults;
use stack::{
    Setup, Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER, TABLE},
    usage,
};

use crate::load::{assert_kept, burst, settles_within};

// Row 19.
#[tokio::test]
async fn a_burst_survives_kill_9_of_the_table() {
    let mut stack = Stack::start().await;
    let id = burst(&stack, 5).await;
    stack.kill(TABLE).await;
    stack.start_again(TABLE).await;
    settles_within(&stack, "row 19", Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
}

// Row 20. The wait before each resend of an item is about twice the wait before.
#[tokio::test]
async fn unprocessed_rows_are_sent_again_after_growing_waits() {
    let stack = Setup::default().table_proxy(20).start().await;
    stack.table_proxy().set(Faults { unprocessed: 0.5, ..Faults::default() });
    let id = burst(&stack, 5).await;
    assert_kept(&stack, &id).await;
    let waits: Vec<_> = stack.table_proxy().waits().into_iter().map(median).collect();
    let unprocessed = stack.table_proxy().counts().unprocessed;
    println!("row 20: {unprocessed} rows returned unprocessed; sent again after {waits:.0?}");
    // A busy machine makes each wait longer, which matters most for the first ones.
    assert!(waits.len() >= 7 && waits[6] > waits[0] * 5, "{waits:?}");
}

// Row 20. A key that was returned unprocessed may have a row. Only a key that was read without finding a row has
// none.
#[tokio::test]
async fn messages_without_a_row_are_counted_although_half_of_each_read_is_unprocessed() {
    let some = r#"[{"not":{"suffix":{"id":"0"}}}]"#;
    let setup = Setup::default().table_proxy(20).var(ROUTER, "FILTERS", some);
    let stack = setup.start().await;
    stack.table_proxy().set(Faults { unprocessed: 0.5, ..Faults::default() });
    let id = burst(&stack, 3).await;
    let burst = stack.settled(&id).await;
    let is_filtered = |record: &Content| record.text("ce_id").is_some_and(|id| id.ends_with('0'));
    let ledger = stack.ledger_filtered(&id, is_filtered).await;
    let filtered = ledger.ended(End::Filtered).len() as u64;
    println!("row 20: {filtered} of {} were filtered", burst.accepted);
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert!(filtered > 0);
    let counted = (ledger.accepted() as u64, ledger.stored() as u64);
    assert_eq!(counted, (burst.accepted, burst.stored));
    let totals = stack.feed(None, 1).await.totals;
    assert_eq!((totals.finished_without_row, totals.waiting), (filtered, 0));
}

fn median(mut waits: Vec<Duration>) -> Duration {
    waits.sort_unstable();
    waits[waits.len() / 2]
}

// Row 21. While services wait, they fill their buffers up to a limit.
#[tokio::test]
async fn a_table_that_throttles_and_then_is_slow_costs_neither_messages_nor_memory() {
    let stack = Setup::default().table_proxy(21).start().await;
    let id = burst(&stack, 70).await;

    stack.table_proxy().set(Faults { throttled: 1.0, ..Faults::default() });
    eventually("the homepage reports it", async || {
        let answer = stack.readiness(HOMEPAGE).await;
        answer.status == 503 && answer.body.to_string().contains("throttles")
    })
    .await;
    let throttled = peaks(&stack, Duration::from_secs(30)).await;
    let stored = stack.burst(&id).await.stored;
    let slow_by = Duration::from_secs(2);
    stack.table_proxy().set(Faults { slow: 1.0, slow_by, ..Faults::default() });
    let slow = peaks(&stack, Duration::from_secs(30)).await;
    let waiting = stack.feed(None, 1).await.totals.waiting;
    let meanwhile = stack.burst(&id).await.stored - stored;
    stack.table_proxy().heal();

    settles_within(&stack, "row 21", Duration::from_secs(60)).await;
    println!(
        "row 21: {meanwhile} stored while slow, {waiting} waited; memory in KiB throttled {throttled:?}, slow {slow:?}"
    );
    // While the table is slow, calls get larger again, and so do their buffers.
    let is_flat = |(before, after): (&u64, &u64)| after * 100 <= before * 125;
    assert!(throttled.values().zip(slow.values()).all(is_flat));
    assert!(
        meanwhile > 150,
        "too few rows were stored while the table was slow: calls are too small"
    );
    assert_kept(&stack, &id).await;
}

/// The highest memory of each service during this time, in KiB.
async fn peaks(stack: &Stack, time: Duration) -> BTreeMap<&'static str, u64> {
    let mut peaks = BTreeMap::from([PROCESSOR, ROUTER, HOMEPAGE].map(|service| (service, 0)));
    lasts(time, async || {
        for (service, peak) in &mut peaks {
            let used = usage::of_process(stack, service).expect("it runs");
            *peak = used.now_kib.max(*peak);
        }
    })
    .await;
    peaks
}

// Row 22. In the end no row is missing, so an idle page reads nothing more from the table.
#[tokio::test]
async fn rows_that_appear_late_and_out_of_order_are_shown_and_counted_once() {
    let stack = Setup::default().table_proxy(22).start().await;
    let late_by = Duration::from_secs(1);
    stack.table_proxy().set(Faults { stale: 0.3, late: 0.3, late_by, ..Faults::default() });
    let mut viewer = Viewer::default();
    viewer.poll(stack.homepage()).await;
    let id = viewer.watch(&[stack.homepage()], burst(&stack, 5)).await;
    within(Duration::from_secs(60), "the burst is done", async || {
        viewer.poll(stack.homepage()).await;
        stack.burst(&id).await.state == "done"
    })
    .await;
    viewer.poll(stack.homepage()).await;
    assert_kept(&stack, &id).await;

    let accepted = stack.burst(&id).await.accepted;
    assert_eq!((viewer.drawn(&id) as u64, viewer.came_again()), (accepted, 0));
    let totals = stack.feed(None, 1).await.totals;
    assert_eq!((totals.accepted, totals.stored, totals.waiting), (accepted, accepted, 0));
    let reads = stack.table_proxy().counts().reads();
    lasts(Duration::from_secs(2), async || viewer.poll(stack.homepage()).await).await;
    assert_eq!(stack.table_proxy().counts().reads(), reads, "an idle page reads the table");
    let counts = stack.table_proxy().counts();
    let (omitted, late) = (counts.omitted, counts.late);
    println!("row 22: of {accepted} rows {omitted} were omitted at first, {late} came late");
    assert!(omitted > 100 && late > 100);
}

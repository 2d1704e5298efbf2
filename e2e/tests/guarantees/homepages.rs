//! Homepages die and stop, and viewers change between them.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, within},
    feed::Viewer,
    homepage::Homepage,
    table::{Table, text},
};
use faults::tcp_proxy::Fault;
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, TABLE},
};

use crate::load;

const OTHER: &str = "homepage-2";

/// Longer than a burst takes to settle on a busy machine.
const SETTLE: Duration = Duration::from_secs(90);

/// A stack with a second homepage.
async fn with_two_homepages() -> (Stack, [Homepage; 2]) {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage(OTHER).await;
    let both = [stack.homepage().clone(), other];
    (stack, both)
}

// Row 23.
#[tokio::test]
async fn accepted_messages_survive_kill_9_of_their_homepage() {
    let (mut stack, homepages) = with_two_homepages().await;
    let [own, other] = &homepages;
    let mut viewer = Viewer::default();
    viewer.poll(own).await;
    let id = viewer.watch(&[own], load::burst(&stack, 60)).await;
    let killed = Instant::now();
    stack.kill(HOMEPAGE).await;

    let stopped = within(SETTLE, "the other homepage reports the burst as stopped", async || {
        other.burst(&id).await.is_ok_and(|burst| burst.state == "stopped")
    });
    viewer.watch(&[other], stopped).await;
    println!("row 23: known as stopped after {:.1} s", killed.elapsed().as_secs_f64());
    let burst = other.burst(&id).await.expect("the other homepage answers");
    assert_eq!(burst.stop_reason.as_deref(), Some("lost_homepage"), "nobody has stopped it");
    stack.start_again(HOMEPAGE).await;
    for homepage in &homepages {
        within(SETTLE, "both homepages report all accepted messages as stored", async || {
            let burst = homepage.burst(&id).await;
            burst.is_ok_and(|it| it.state == "stopped" && it.stored == it.accepted)
        })
        .await;
    }
    let accepted = stack.burst(&id).await.accepted;
    stack.assert_complete(&id, accepted).await;
    eventually("the viewer continues on both homepages", async || {
        viewer.poll(own).await;
        viewer.poll(other).await;
        viewer.drawn(&id) as u64 >= accepted
    })
    .await;
    viewer.assert_drew(&stack.results(&id).await);
    println!("row 23: {accepted} kept, {} bullets came again to the viewer", viewer.came_again());
}

// Row 24.
#[tokio::test]
async fn a_homepage_waits_for_every_acknowledgement_before_it_stops() {
    let mut stack = Stack::start().await;
    let id = load::burst(&stack, 60).await;
    let signalled = Instant::now();
    let status = stack.terminate(HOMEPAGE).await;
    println!("row 24: stopped in {:.1} s", signalled.elapsed().as_secs_f64());
    assert!(status.success(), "it ended with {status}");

    // The count that the homepage has written last. No other homepage has counted the topic since.
    let rows = Table::at(stack.address(TABLE)).all().await;
    let own = rows.iter().find(|row| text(row, "shard") == Some(format!("burst#{id}")));
    let accepted = own.and_then(|row| text(row, "accepted")).expect("the burst has a row");
    let ledger = stack.ledger(&id).await;
    assert_eq!(accepted, ledger.accepted().to_string());

    stack.start_again(HOMEPAGE).await;
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed), ("stopped", 0));
    within(SETTLE, "all accepted messages are stored", async || {
        let burst = stack.burst(&id).await;
        burst.stored == burst.accepted
    })
    .await;
    stack.assert_complete(&id, ledger.accepted() as u64).await;
}

// Row 25.
#[tokio::test]
async fn a_viewer_who_switches_homepages_at_each_poll_misses_nothing() {
    let (stack, homepages) = with_two_homepages().await;
    let mut viewer = Viewer::default();
    viewer.poll(&homepages[0]).await;
    let mut ids = Vec::new();
    for homepage in &homepages {
        let burst = json!({ "message": "hello", "concurrency": 10, "duration": 10, "rate": 12 });
        ids.push(homepage.start_burst(&burst).await.expect("a burst").id);
    }
    let [one, other] = &homepages;
    viewer.watch(&[one, other], load::done(&homepages, &ids)).await;
    viewer.draws_all(one, &ids).await;
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
    println!("row 25: {} bullets, {} of them came again", rows.len(), viewer.came_again());
}

// Row 23, while the topic cannot be read to count the burst.
#[tokio::test]
async fn a_burst_of_a_dead_homepage_reads_draining_until_it_is_counted() {
    let mut stack = Setup::default().tcp_proxies().start().await;
    let id = load::burst(&stack, 30).await;
    stack.kill(HOMEPAGE).await;
    stack.break_between("homepage-counter", BROKER, Fault::BlackHole);
    stack.start_again(HOMEPAGE).await;
    within(SETTLE, "the burst no longer counts as running", async || {
        let burst = stack.homepage().burst(&id).await;
        burst.is_ok_and(|burst| burst.state == "draining")
    })
    .await;
    stack.heal();
    within(SETTLE, "the burst is counted", async || {
        let burst = stack.homepage().burst(&id).await;
        burst.is_ok_and(|burst| burst.state == "stopped" && burst.stored == burst.accepted)
    })
    .await;
    stack.assert_complete(&id, stack.burst(&id).await.accepted).await;
}

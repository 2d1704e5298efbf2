//! Whatever dies, and however: nothing accepted is lost, and all heals by itself.

use std::time::Duration;

use local::{
    bench::ledger::assert_complete,
    eventually::{eventually, within},
    plan::name::HOMEPAGE,
    stack::{Setup, Stack},
};
use serde_json::{Value, json};

/// Longer than it takes to stop its homepage.
fn long_burst() -> Value {
    json!({ "message": "hello", "concurrency": 10, "duration": 60, "rate": 20 })
}

/// Waits until a burst is well on its way.
async fn under_way(stack: &Stack, id: &str) {
    eventually("a part of the burst is stored", async || stack.burst(id).await.stored > 50).await;
}

#[tokio::test]
async fn what_kafka_took_of_a_burst_survives_kill_9_of_the_homepage() {
    let mut stack = Stack::start().await;
    let id = stack.send_burst(long_burst()).await;
    under_way(&stack, &id).await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    within(Duration::from_secs(60), "the burst reads stopped, all of it stored", async || {
        let burst = stack.homepage().burst(&id).await;
        burst.is_ok_and(|burst| burst.state == "stopped" && burst.stored == burst.accepted)
    })
    .await;
    let accepted = stack.burst(&id).await.accepted;
    assert!(accepted > 50);
    assert_complete(&stack, &id, accepted).await;
}

#[tokio::test]
async fn a_second_start_on_the_same_data_shows_the_last_bullets() {
    let first = Stack::start().await;
    let id =
        first.send_burst(json!({ "message": "before", "concurrency": 2, "duration": 1 })).await;
    let sent = first.settled(&id).await.accepted;
    let data = first.stop_all().await;

    let second = Setup::default().data(data).start().await;
    eventually("the bullets of the first run are on the page", async || {
        let feed = second.feed(None, 100).await;
        feed.bullets.iter().filter(|bullet| bullet.burst == id).count() as u64 == sent
    })
    .await;
    assert_eq!(second.results(&id).await.len() as u64, sent);
}

#[tokio::test]
async fn a_homepage_that_is_told_to_stop_under_load_exits_with_0_and_loses_nothing() {
    let mut stack = Stack::start().await;
    let id = stack.send_burst(long_burst()).await;
    under_way(&stack, &id).await;
    let status = stack.terminate(HOMEPAGE).await;
    assert!(status.success(), "it ended with {status}");
    stack.start_again(HOMEPAGE).await;
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.stored), ("stopped", burst.accepted));
    assert_complete(&stack, &id, burst.accepted).await;
}

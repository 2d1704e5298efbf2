//! Bursts and messages from the homepage to the page.

use std::{collections::BTreeSet, time::Duration};

use client::eventually::eventually;
use faults::table_proxy::Faults;
use serde_json::json;
use stack::{Setup, Stack, plan::name::HOMEPAGE};

#[tokio::test]
async fn a_burst_is_accepted_stored_and_shown_in_full() {
    let stack = Stack::start().await;
    let mut cursor = stack.feed(None, 100).await.cursor;
    let id = stack.send_burst(json!({ "message": "hello barrage" })).await;

    let burst = stack.settled(&id).await;
    // The defaults: 10 senders for 10 s, each with 5 messages a second.
    assert_eq!((burst.state.as_str(), burst.accepted, burst.failed), ("done", 500, 0));
    assert_eq!((burst.stored, burst.blocked), (500, 0));

    let results = stack.results(&id).await;
    assert_eq!(results.len(), 500);
    assert!(results.iter().all(|row| row.message == "hello barrage" && row.burst == id));
    let seen: BTreeSet<_> = results.iter().map(|row| (row.sender, row.seq)).collect();
    let sent = (1..=10).flat_map(|sender| (1..=50).map(move |seq| (sender, seq)));
    assert_eq!(seen, sent.collect());

    let mut passed = 0;
    eventually("the feed has passed every message", async || {
        let feed = stack.feed(Some(&cursor), 100).await;
        passed += feed.passed;
        assert!(feed.bullets.len() as u64 <= feed.passed);
        cursor = feed.cursor;
        passed >= 500
    })
    .await;
    assert_eq!(passed, 500);
    stack.assert_complete(&id, 500).await;
}

#[tokio::test]
async fn a_burst_is_stored_whatever_codec_compresses_it() {
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let stack = Stack::with([(HOMEPAGE, "KAFKA_COMPRESSION", codec)]).await;
        let burst =
            json!({ "message": "compress me ".repeat(8).trim(), "concurrency": 20, "duration": 1 });
        let id = stack.send_burst(burst).await;
        let burst = stack.settled(&id).await;
        assert_eq!((burst.state.as_str(), burst.failed), ("done", 0), "{codec}");
        assert!(burst.accepted > 0 && burst.stored == burst.accepted, "{codec}: {burst:?}");
        stack.assert_complete(&id, burst.accepted).await;
    }
}

#[tokio::test]
async fn the_times_of_a_bullet_are_in_the_order_of_its_hops() {
    let stack = Stack::start().await;
    let id = stack.send_burst(json!({ "message": "hi", "concurrency": 4, "duration": 2 })).await;
    let sent = stack.settled(&id).await.accepted;
    let bullets = stack.feed(None, 100).await.bullets;
    assert_eq!(bullets.len() as u64, sent);
    for bullet in bullets {
        let read_at = bullet.read_at.expect("the router has set it");
        let times = [bullet.sent_at, read_at, bullet.received_at, bullet.stored_at];
        assert!(times.is_sorted(), "{times:?}");
    }
}

#[tokio::test]
async fn blocked_words_are_stored_but_never_shown() {
    let stack = Stack::with([("message-processor", "BLOCKED_WORDS", "spam")]).await;
    let id = stack
        .send_burst(json!({ "message": "buy ѕр\u{200b}аm", "concurrency": 2, "duration": 1 }))
        .await;
    let burst = stack.settled(&id).await;
    assert!(burst.accepted > 0);
    assert_eq!((burst.stored, burst.blocked), (burst.accepted, burst.accepted));
    assert_eq!(stack.feed(None, 100).await.bullets, []);
    stack.assert_complete(&id, burst.accepted).await;
}

#[tokio::test]
async fn an_accepted_burst_is_known_to_every_homepage() {
    let mut stack = Setup::default().table_proxy(23).start().await;
    let other = stack.add_homepage("homepage-2").await;
    let slow_by = Duration::from_millis(100);
    stack.table_proxy().set(Faults { slow: 1.0, slow_by, ..Faults::default() });

    let id = stack.send_burst(json!({ "message": "known at once", "duration": 1 })).await;
    // The burst's row may not be written yet, but this request must not wait as long for it.
    stack.table_proxy().set(Faults::default());
    let known = other.burst(&id).await;
    assert!(known.is_ok(), "{known:?}");
    stack.settled(&id).await;
}

#[tokio::test]
async fn a_burst_over_the_limit_is_refused_with_retry_after_until_there_is_a_place() {
    let stack = Stack::with([(HOMEPAGE, "MAX_BURSTS", "1")]).await;
    let burst = json!({ "message": "hi", "duration": 5 });
    let id = stack.send_burst(burst.clone()).await;
    let answer = stack.homepage().post_burst(&burst).await.unwrap();
    assert_eq!(answer.status.as_u16(), 429, "{}", answer.body);
    assert!(answer.retry_after.is_some_and(|seconds| (1..=5).contains(&seconds)), "{answer:?}");
    stack.settled(&id).await;
    stack.send_burst(json!({ "message": "hi", "duration": 1 })).await;
}

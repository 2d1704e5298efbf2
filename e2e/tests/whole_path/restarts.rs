//! A stopped stack is started again on its data.

use client::eventually::eventually;
use serde_json::json;
use stack::{Setup, Stack};

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

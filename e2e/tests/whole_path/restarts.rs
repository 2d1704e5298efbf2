//! What a restart leaves: the data of a stopped stack, and the numbers of a homepage.

use client::eventually::eventually;
use client::kafka::Kafka;
use client::table::{Table, text};
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, TABLE},
};

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

/// What the table has of the totals: how many rows were stored.
async fn saved(stack: &Stack) -> Option<u64> {
    let rows = Table::at(stack.address(TABLE)).all().await;
    let shard = |row: &&_| text(row, "shard").is_some_and(|it| it.starts_with("burst#totals#"));
    rows.iter().find(shard).and_then(|row| text(row, "stored")?.parse().ok())
}

#[tokio::test]
async fn no_number_jumps_and_no_bullet_comes_again_when_a_homepage_is_killed_or_another_one_starts()
{
    let mut stack = Stack::start().await;
    // So many that the totals are saved, in the middle or at the end.
    let (senders, seqs) = (11, 100);
    let sent = u64::from(senders) * seqs;
    Kafka::at(stack.address(BROKER)).send_burst("counted once", senders, seqs).await;
    eventually("all are stored", async || stack.feed(None, 1).await.totals.stored == sent).await;
    let before = stack.feed(None, 100).await;
    eventually("the totals are saved", async || saved(&stack).await.is_some()).await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    let after = stack.feed(Some(&before.cursor), 100).await;
    assert_eq!(after.totals, before.totals);
    assert_eq!((after.bullets.len(), after.passed), (0, 0));

    assert_eq!(stack.post_message("one more").await.status.as_u16(), 202);
    let other = stack.add_homepage("homepage-2").await;
    eventually("the other homepage counts one more since the same time", async || {
        let totals = other.feed(None, 1).await.expect("a feed").totals;
        totals.since == before.totals.since
            && (totals.accepted, totals.stored) == (sent + 1, sent + 1)
    })
    .await;
}

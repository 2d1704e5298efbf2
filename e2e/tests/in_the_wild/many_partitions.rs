//! Row 34: a thousand partitions. The start of a homepage, how far the page is behind the table, and the length of a
//! cursor.
//!
//! `BARRAGE_WILD_RECORDS=1000000` measures the start with a million records. It takes minutes to store them.

use std::{
    env,
    time::{Duration, Instant},
};

use client::{eventually::within, homepage::Homepage, message::Position};
use stack::plan::name::HOMEPAGE;

use crate::case::{Case, Numbers, message, messages};

const PARTITIONS: i32 = 1000;

/// How many of them have records.
const WITH_RECORDS: i32 = 230;

const RECORDS: usize = 2300;

/// How long a homepage that starts may take until it has the newest bullets.
const FIRST_BULLETS: Duration = Duration::from_secs(5);

/// How far the page may be behind the table.
const BEHIND: Duration = Duration::from_secs(1);

/// The longest cursor, so that it fits into a URL behind any proxy.
const CURSOR: usize = 1024;

/// Long enough to store all records.
const STORED: Duration = Duration::from_secs(1200);

fn number_of_records() -> usize {
    let set = env::var_os("BARRAGE_WILD_RECORDS").unwrap_or_default();
    match set.to_str() {
        Some("") => RECORDS,
        set => set.and_then(|set| set.parse().ok()).expect("BARRAGE_WILD_RECORDS is a number"),
    }
}

/// The promised times are for a machine that does nothing else. Here another broker and other tests run beside, so a
/// test fails only beyond several times of them, and prints what it took.
const BUSY: u32 = 4;

/// Waits until a homepage has this text among its newest bullets. Returns how long that took since `began`.
async fn shows(homepage: &Homepage, text: &str, began: Instant, promised: Duration) -> Duration {
    within(promised * BUSY, "the newest bullet is there", async || {
        let feed = homepage.feed(None, 100).await;
        feed.is_ok_and(|feed| feed.bullets.iter().any(|bullet| bullet.message == text))
    })
    .await;
    began.elapsed()
}

#[tokio::test]
async fn a_homepage_starts_on_a_thousand_partitions_and_follows_within_a_second() {
    let Some(mut case) = Case::large(PARTITIONS).await else { return };
    let records = number_of_records();
    let partitions = if records > RECORDS { PARTITIONS } else { WITH_RECORDS };
    let (all, _) = messages("many", records, partitions);
    case.send("lz4", &all).await;
    case.is_committed_within(STORED).await;
    case.send("none", &[(777, message("the newest"))]).await;
    let stored = records as u64 + 1;
    case.is_committed().await;
    case.stack.kill(HOMEPAGE).await;
    let began = Instant::now();
    case.stack.start_again(HOMEPAGE).await;
    let took = shows(case.stack.homepage(), "the newest", began, FIRST_BULLETS).await;
    println!(
        "row 34: {PARTITIONS} partitions, {records} records: the newest bullets {:.1} s after the \
         homepage's start",
        took.as_secs_f64()
    );
    let mut slowest = Duration::ZERO;
    for n in 0..5 {
        let (text, partition) = (format!("follow {n}"), 150 * n);
        let at = case.send("none", &[(partition, message(&text))]).await[0];
        case_is_stored(&case, at).await;
        slowest = slowest.max(shows(case.stack.homepage(), &text, Instant::now(), BEHIND).await);
    }
    println!("row 34: the page is at most {:.2} s behind the table", slowest.as_secs_f64());
    if records == RECORDS {
        case.counts(Numbers::stored(stored + 5)).await;
    }
}

/// Waits until a message has a row, by what its position says: this reads the table.
async fn case_is_stored(case: &Case, at: Position) {
    within(FIRST_BULLETS * BUSY, "the message has a row", async || {
        case.state(at).await == "stored"
    })
    .await;
}

// Row 34, and a cursor that any proxy lets pass.
#[tokio::test]
async fn a_cursor_of_a_thousand_partitions_fits_into_a_url_and_a_refused_one_is_a_problem() {
    let Some(case) = Case::large(PARTITIONS).await else { return };
    let feed = case.stack.feed(None, 10).await;
    println!("row 34: a cursor of {PARTITIONS} partitions has {} characters", feed.cursor.len());
    assert!(feed.cursor.len() <= CURSOR, "{} characters", feed.cursor.len());
    let (records, texts) = messages("cursor", 1000, PARTITIONS);
    case.send("lz4", &records).await;
    case.counts(Numbers::stored(texts.len() as u64)).await;
    let feed = case.stack.feed(Some(&feed.cursor), 10).await;
    assert!(feed.passed == 1000 && feed.cursor.len() <= CURSOR, "{} passed", feed.passed);
    let (next, _) = messages("next", 5, 1);
    case.send("none", &next).await;
    case.counts(Numbers::stored(1005)).await;
    let after = case.stack.feed(Some(&feed.cursor), 100).await;
    assert!(after.passed == 5 && after.cursor.len() <= CURSOR, "{} passed", after.passed);
    let cut = &feed.cursor[..feed.cursor.len() / 2];
    for refused in [cut, "foreign", &"A".repeat(8195)] {
        let path = format!("/feed?limit=10&after={refused}");
        let answer = case.stack.homepage().get(&path).await.expect("the homepage answers");
        assert_eq!(answer.status.as_u16(), 400, "{refused}: {}", answer.body);
        assert_eq!(answer.content_type, "application/problem+json", "{refused}");
    }
}

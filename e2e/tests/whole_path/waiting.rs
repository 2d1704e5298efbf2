//! Viewers who wait for news: one answer for all, within a moment of the row, and none that is late.

use std::time::{Duration, Instant};

use client::{eventually::eventually, feed::Viewer};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use stack::{Stack, plan::name::HOMEPAGE};
use tokio::task::JoinSet;

use crate::http::{client, header};

/// Longer than any test waits for news, and shorter than the test's client waits for an answer.
const LONG: u64 = 15;
/// On a busy machine an answer may take a moment. It is far less than `LONG`.
const SOON: Duration = Duration::from_secs(5);

/// Asks as a browser does.
async fn ask(client: Client, url: String) -> Response {
    client.get(url).header("accept-encoding", "gzip, deflate").send().await.unwrap()
}

/// The cursor of a feed in which nothing changes any more.
async fn quiet(stack: &Stack) -> String {
    let mut last = stack.feed(None, 1).await;
    eventually("the feed knows what was there before and is quiet", async || {
        let wait = Duration::from_secs(1);
        let next = stack.homepage().feed_within(Some(&last.cursor), 500, wait).await.unwrap();
        let is_quiet = !last.cursor.is_empty() && next.passed == 0 && next.totals.waiting == 0;
        let was_waited = next.now - last.now >= 1000;
        last = next;
        is_quiet && was_waited
    })
    .await;
    last.cursor
}

/// So many viewers wait at a cursor. Returns once all do.
async fn waiting(stack: &Stack, viewers: u32, cursor: &str) -> JoinSet<(Response, Instant)> {
    let (client, mut all) = (client(), JoinSet::new());
    for _ in 0..viewers {
        let client = client.clone();
        let url = stack.homepage().url();
        let url = format!("{url}/feed?after={cursor}&limit=500&wait={LONG}");
        all.spawn(async { (ask(client, url).await, Instant::now()) });
    }
    eventually("all viewers wait", async || {
        stack.metric(HOMEPAGE, "homepage_feed_waiting_viewers").await == f64::from(viewers)
    })
    .await;
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_get_one_body_that_is_compressed_once() {
    let stack = Stack::start().await;
    let cursor = quiet(&stack).await;
    let count = async |series: &str| stack.metric(HOMEPAGE, series).await;
    let made = async || {
        let gzip = count("homepage_feed_compressions_total{encoding=\"gzip\"}").await;
        (count("homepage_feed_bodies_total").await, gzip)
    };
    let viewers = waiting(&stack, 100, &cursor).await;
    let before = made().await;
    stack.post_message("for all of you").await;
    let mut bodies = Vec::new();
    for (answer, _) in viewers.join_all().await {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, "content-encoding"), "gzip");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=1");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding");
        assert!(header(&answer, "etag").starts_with("W/"));
        bodies.push(answer.bytes().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "not all got the same");
    let after = made().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), (1.0, 1.0), "bodies and compressions");
}

#[tokio::test]
async fn a_bullet_is_sent_as_soon_as_its_row_is_read_and_never_twice() {
    let stack = Stack::start().await;
    let mut cursor = quiet(&stack).await;
    for n in 0..5 {
        let text = format!("news {n}");
        stack.post_message(&text).await;
        let asked = Instant::now();
        let mut bullets = Vec::new();
        while bullets.is_empty() {
            let wait = Duration::from_secs(LONG);
            let feed = stack.homepage().feed_within(Some(&cursor), 500, wait).await.unwrap();
            assert_eq!(feed.left_out(), 0);
            cursor = feed.cursor;
            bullets = feed.bullets;
        }
        assert!(asked.elapsed() < SOON, "{n}: {:?}", asked.elapsed());
        assert_eq!(bullets.iter().map(|it| &it.message).collect::<Vec<_>>(), [&text]);
    }
}

#[tokio::test]
async fn without_news_an_answer_comes_after_the_wait_and_leads_on() {
    let stack = Stack::start().await;
    let cursor = quiet(&stack).await;
    let asked = Instant::now();
    let feed = stack.homepage().feed_within(Some(&cursor), 500, Duration::from_secs(2)).await;
    let (feed, took) = (feed.unwrap(), asked.elapsed());
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(2) + SOON, "{took:?}");
    assert_eq!((feed.passed, feed.bullets.len()), (0, 0));
    // A cache has the answer to the cursor before for a moment.
    assert_ne!(feed.cursor, cursor);
    // Whoever has no cursor, or an old one, has news.
    let old = format!("after={}&", stack.feed(None, 1).await.cursor);
    stack.post_message("news for an old cursor").await;
    quiet(&stack).await;
    for after in ["", &old] {
        let asked = Instant::now();
        let url = format!("{}/feed?{after}wait={LONG}", stack.homepage().url());
        assert_eq!(ask(client(), url).await.status(), StatusCode::OK);
        assert!(asked.elapsed() < SOON, "{after:?}: {:?}", asked.elapsed());
    }
}

#[tokio::test]
async fn a_wait_out_of_range_is_422_with_the_field() {
    let stack = Stack::start().await;
    for wait in ["26", "-1", "1.5", "x", "", "1e1", "999999999999999999999"] {
        let answer = stack.homepage().get(&format!("/feed?wait={wait}")).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wait}");
        assert_eq!(answer.content_type, "application/problem+json", "{wait}");
        assert_eq!(answer.body["errors"][0]["field"], "wait", "{wait}: {}", answer.body);
    }
    for wait in [0, 25] {
        let answer = stack.homepage().get(&format!("/feed?wait={wait}")).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{wait}");
    }
}

#[tokio::test]
async fn viewers_who_go_away_are_forgotten_at_once() {
    let stack = Stack::start().await;
    let cursor = quiet(&stack).await;
    let viewers = waiting(&stack, 20, &cursor).await;
    let left = Instant::now();
    drop(viewers);
    eventually("nobody waits", async || {
        stack.metric(HOMEPAGE, "homepage_feed_waiting_viewers").await == 0.0
    })
    .await;
    assert!(left.elapsed() < Duration::from_secs(LONG) / 2, "{:?}", left.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homepage_that_stops_answers_all_who_wait_and_they_go_on_at_another_one() {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage("homepage-2").await;
    let cursor = quiet(&stack).await;
    let viewers = waiting(&stack, 50, &cursor).await;
    let stopped = Instant::now();
    stack.request_stop(HOMEPAGE);
    for (answer, at) in viewers.join_all().await {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, "connection"), "close");
        assert!(at - stopped < SOON, "{:?}", at - stopped);
    }
    stack.wait_exit(HOMEPAGE).await;
    other.post_message("after the stop").await.unwrap();
    let (mut cursor, mut texts) = (cursor, Vec::new());
    eventually("they get the next bullet at the other homepage", async || {
        let wait = Duration::from_secs(LONG);
        let feed = other.feed_within(Some(&cursor), 500, wait).await.unwrap();
        cursor = feed.cursor;
        texts.extend(feed.bullets.into_iter().map(|it| it.message));
        !texts.is_empty()
    })
    .await;
    assert_eq!(texts, ["after the stop"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_who_waits_at_two_homepages_in_turn_draws_each_bullet() {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage("homepage-2").await;
    let own = stack.homepage().clone();
    let mut viewer = Viewer::waiting(Duration::from_secs(1));
    viewer.poll(&own).await;
    let burst = json!({ "message": "hi", "concurrency": 5, "duration": 4, "rate": 10 });
    let settled = async {
        let id = stack.send_burst(burst).await;
        stack.settled(&id).await;
        id
    };
    let id = viewer.watch(&[&own, &other], settled).await;
    viewer.draws_all(&own, std::slice::from_ref(&id)).await;
    viewer.assert_drew(&stack.results(&id).await);
}

#[tokio::test]
async fn an_answer_that_a_cache_has_is_not_sent_again_as_long_as_it_is_the_same() {
    let stack = Stack::start().await;
    quiet(&stack).await;
    let url = format!("{}/feed?limit=5", stack.homepage().url());
    let client = client();
    // The same body is used for a moment only, so one of some tries must meet it.
    eventually("an answer is not modified", async || {
        let first = client.get(&url).send().await.unwrap();
        let tag = header(&first, "etag").to_owned();
        let again = client.get(&url).header("if-none-match", &tag).send().await.unwrap();
        let is_same = again.status() == StatusCode::NOT_MODIFIED;
        assert!(is_same || header(&again, "etag") != tag);
        assert!(!is_same || again.bytes().await.unwrap().is_empty());
        is_same
    })
    .await;
    let plain: Value = client.get(&url).send().await.unwrap().json().await.unwrap();
    assert!(plain["cursor"].is_string());
}

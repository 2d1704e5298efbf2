//! Invalid requests: each is answered with the documented status and problem details.

use client::{eventually::eventually, homepage::Answer};
use serde_json::{Value, json};
use stack::{Stack, plan::name::HOMEPAGE};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The answer must be a problem with this status.
fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
    assert_eq!(answer.content_type, "application/problem+json", "{what}");
    assert_eq!(answer.body["status"], status, "{what}");
    assert!(answer.body["detail"].is_string(), "{what}: {}", answer.body);
}

async fn post(stack: &Stack, path: &str, kind: &str, body: &str) -> Answer {
    stack.homepage().post(path, kind, body.to_owned()).await.expect("an answer to a POST")
}

async fn get(stack: &Stack, path: &str) -> Answer {
    stack.homepage().get(path).await.expect("an answer to a GET")
}

/// Values that no number field accepts.
fn invalid_numbers() -> Vec<Value> {
    let huge = json!(u64::MAX);
    let texts = ["", "ten", "1.5", "-1", "NaN", "١٢", "1e2"].map(Value::from);
    let others =
        [json!(0), json!(-1), json!(1.5), huge, json!(null), json!(true), json!([1]), json!({})];
    texts.into_iter().chain(others).collect()
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let stack = Stack::start().await;
    for field in ["concurrency", "duration", "rate"] {
        for value in invalid_numbers() {
            let body = json!({ "message": "hi", field: value }).to_string();
            let answer = post(&stack, "/bursts", JSON, &body).await;
            assert_problem(&answer, 422, &body);
            assert_eq!(answer.body["errors"][0]["field"], field, "{body}");
        }
    }
    let invisible =
        ["\u{200b}", "\u{2800}", "\u{3164}", "\u{fe0f}", "\u{301}", "\u{202e}\u{e0041}"];
    let no_texts = [json!(null), json!(5), json!(""), json!(" \u{0}\n"), json!("x".repeat(101))];
    for message in invisible.map(Value::from).into_iter().chain(no_texts) {
        for path in ["/bursts", "/messages"] {
            let body = json!({ "message": message }).to_string();
            let answer = post(&stack, path, JSON, &body).await;
            assert_problem(&answer, 422, &body);
            assert_eq!(answer.body["errors"][0]["field"], "message", "{body}");
        }
    }
    let no_names =
        [json!(null), json!(5), json!([]), json!("x".repeat(21)), json!("😀".repeat(21))];
    for name in invisible.map(Value::from).into_iter().chain(no_names) {
        for path in ["/bursts", "/messages"] {
            let body = json!({ "message": "hi", "name": name }).to_string();
            let answer = post(&stack, path, JSON, &body).await;
            assert_problem(&answer, 422, &body);
            assert_eq!(answer.body["errors"][0]["field"], "name", "{body}");
        }
    }
    let all = json!({ "concurrency": 0, "duration": 0, "rate": 0 }).to_string();
    let answer = post(&stack, "/bursts", JSON, &all).await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(4));
    assert_eq!(stack.feed(None, 1).await.totals.accepted, 0);
}

#[tokio::test]
async fn an_invalid_body_is_refused_with_the_matching_status() {
    let stack = Stack::start().await;
    let large = format!(r#"{{"message":"{}"}}"#, "x".repeat(10 << 20));
    let cases = [
        (JSON, "", 400),
        (JSON, "nonsense", 400),
        (JSON, "[]", 400),
        (JSON, r#"{"message":"\ud800"}"#, 400),
        (JSON, r#"{"message":"hi","rate":NaN}"#, 400),
        ("text/plain", "hi", 415),
        (FORM, "message=%ff", 400),
        (JSON, &large, 413),
    ];
    for (kind, body, status) in cases {
        let answer = post(&stack, "/messages", kind, body).await;
        assert_problem(&answer, status, body.get(..body.len().min(80)).unwrap_or_default());
    }
}

#[tokio::test]
async fn an_invalid_cursor_or_limit_is_refused() {
    let stack = Stack::start().await;
    let cursor = stack.feed(None, 1).await.cursor;
    let mut cases =
        vec!["after=x".to_owned(), "after=%ff".into(), format!("after={}", &cursor[..9])];
    cases.push(format!("after={}", "A".repeat(30_000)));
    cases.extend(["limit=0", "limit=501", "limit=-1", "limit=x", "limit="].map(str::to_owned));
    for case in cases {
        let answer = get(&stack, &format!("/feed?{case}")).await;
        assert_problem(&answer, 400, &case);
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let stack = Stack::start().await;
    let no_burst = "/bursts/00000000-0000-0000-0000-000000000000";
    let results = format!("{no_burst}/results");
    for path in
        ["/bursts/nope", no_burst, &results, "/nowhere", "/static/app.js", "/static/0/nothing.js"]
    {
        assert_problem(&get(&stack, path).await, 404, path);
    }
    assert_problem(&get(&stack, "/bursts").await, 405, "GET /bursts");
}

#[tokio::test]
async fn hostile_texts_arrive_unchanged() {
    let stack = Stack::start().await;
    // No composed character has these marks, so normalisation does not change them.
    let zalgo = format!("q{}", "\u{301}".repeat(99));
    let texts = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\u{202e}evil",
        "'; DROP--",
        &zalgo,
    ];
    for text in texts {
        let answer = stack.post_message(text).await;
        assert_eq!(answer.status.as_u16(), 202, "{text}: {}", answer.body);
    }
    eventually("all texts are on the page", async || {
        let bullets = stack.feed(None, 100).await.bullets;
        texts.iter().all(|text| bullets.iter().any(|bullet| bullet.message == *text))
    })
    .await;
    let page = get(&stack, "/").await.body;
    let page = page.as_str().unwrap();
    assert!(!page.contains("<script>alert"), "the page contains markup from a message");
    assert!(!page.contains("<img src=x"), "the page contains markup from a message");
}

#[tokio::test]
async fn a_burst_over_the_limit_is_refused_with_retry_after() {
    let stack = Stack::with([(HOMEPAGE, "MAX_BURSTS", "1")]).await;
    let burst = json!({ "message": "hi", "duration": 5 });
    let id = stack.send_burst(burst.clone()).await;
    let answer = post(&stack, "/bursts", JSON, &burst.to_string()).await;
    assert_problem(&answer, 429, "a second burst");
    assert!(answer.retry_after.is_some_and(|seconds| (1..=5).contains(&seconds)), "{answer:?}");
    stack.settled(&id).await;
    stack.send_burst(json!({ "message": "hi", "duration": 1 })).await;
}

#[tokio::test]
async fn a_page_of_another_site_cannot_send() {
    let stack = Stack::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (site, status) in [("cross-site", 403), ("same-origin", 202), ("none", 202)] {
        let request = client.post(format!("{}/messages", stack.homepage().url()));
        let request = request.header("sec-fetch-site", site).json(&json!({ "message": "hi" }));
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{site}");
    }
}

//! `GET /messages/{partition}/{offset}`: every homepage reports the state of a single message.

use client::{
    eventually::eventually,
    homepage::{Answer, Homepage},
};
use serde_json::Value;
use stack::{
    Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

const OTHER: &str = "homepage-2";

/// Sends a message. Returns its path and its id.
async fn send(stack: &Stack) -> (String, Value) {
    let Answer { status, body, .. } = stack.post_message("follow me").await;
    assert_eq!(status.as_u16(), 202, "{body}");
    (format!("/messages/{}/{}", body["partition"], body["offset"]), body["id"].clone())
}

async fn state(homepage: &Homepage, path: &str) -> Value {
    homepage.get(path).await.unwrap().body["state"].clone()
}

async fn becomes(homepage: &Homepage, path: &str, expected: &str) {
    eventually(expected, async || state(homepage, path).await == expected).await;
}

/// A stack with a second homepage.
async fn with_two_homepages(vars: [(&str, &str, &str); 1]) -> Stack {
    let mut stack = Stack::with(vars).await;
    stack.add_homepage(OTHER).await;
    stack
}

/// Both homepages report this state, and still do after a restart.
async fn becomes_everywhere(stack: &mut Stack, path: &str, expected: &str) {
    for name in [HOMEPAGE, OTHER] {
        becomes(&stack.homepage_at(name), path, expected).await;
        stack.kill(name).await;
        stack.start_again(name).await;
        becomes(&stack.homepage_at(name), path, expected).await;
    }
}

#[tokio::test]
async fn a_message_is_waiting_and_then_stored_on_every_homepage() {
    let mut stack = with_two_homepages([(PROCESSOR, "BLOCKED_WORDS", "spam")]).await;
    stack.terminate(PROCESSOR).await;
    let (path, id) = send(&stack).await;
    // The second homepage may not know of the message yet.
    for homepage in [stack.homepage().clone(), stack.homepage_at(OTHER)] {
        let Answer { status, body, .. } = homepage.get(&path).await.unwrap();
        assert_eq!((status.as_u16(), &body["state"]), (200, &"waiting".into()), "{body}");
        assert_eq!(body["row"], Value::Null);
    }
    stack.start_again(PROCESSOR).await;
    becomes_everywhere(&mut stack, &path, "stored").await;
    let row = stack.homepage_at(OTHER).get(&path).await.unwrap().body["row"].clone();
    assert_eq!((&row["id"], &row["message"]), (&id, &"follow me".into()));
    assert_eq!((&row["verdict"], &row["burst"]), (&"shown".into(), &id));
    let blocked = stack.post_message("spam").await.body;
    let path = format!("/messages/{}/{}", blocked["partition"], blocked["offset"]);
    becomes(stack.homepage(), &path, "stored").await;
    let row = stack.homepage().get(&path).await.unwrap().body["row"].clone();
    assert_eq!(row["verdict"], "blocked");
}

#[tokio::test]
async fn a_filtered_message_is_finished_without_a_row_on_every_homepage() {
    let filter = (ROUTER, "FILTERS", r#"[{"exact":{"type":"another"}}]"#);
    let mut stack = with_two_homepages([filter]).await;
    let (path, _) = send(&stack).await;
    becomes_everywhere(&mut stack, &path, "finished_without_row").await;
    let Answer { body, .. } = stack.homepage().get(&path).await.unwrap();
    assert_eq!(body["row"], Value::Null);
    let next = format!("{}1", path.trim_end_matches(char::is_numeric));
    let Answer { status, body, .. } = stack.homepage().get(&next).await.unwrap();
    assert_eq!(status.as_u16(), 404, "there is no message: {body}");
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_answered_with_503() {
    let mut stack = Stack::start().await;
    let (stored, _) = send(&stack).await;
    becomes(stack.homepage(), &stored, "stored").await;
    stack.terminate(ROUTER).await;
    let (waiting, _) = send(&stack).await;
    for (part, path) in [(TABLE, stored), (BROKER, waiting)] {
        stack.kill(part).await;
        eventually("the state cannot be read", async || {
            let Answer { status, retry_after, .. } = stack.homepage().get(&path).await.unwrap();
            status.as_u16() == 503 && retry_after.is_some()
        })
        .await;
        stack.start_again(part).await;
        eventually("the state can be read again", async || {
            stack.homepage().get(&path).await.unwrap().status.is_success()
        })
        .await;
    }
}

#[tokio::test]
async fn requests_that_read_the_table_are_limited_for_each_client() {
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "5")]).await;
    let (path, _) = send(&stack).await;
    becomes(stack.homepage(), &path, "stored").await;
    // On a slow machine, the limit may allow another request now and then.
    let mut refused = None;
    for _ in 0..20 {
        let answer = stack.homepage().get(&path).await.unwrap();
        refused = refused.or((answer.status.as_u16() == 429).then_some(answer));
    }
    assert_eq!(refused.expect("one request is over the limit").retry_after, Some(1));
    for other in [
        "/bursts/00000000-0000-0000-0000-000000000001",
        "/bursts/00000000-0000-0000-0000-000000000001/results",
    ] {
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(stack.homepage().get(other).await.unwrap().status.as_u16());
        }
        assert!(statuses.contains(&429), "{other}: {statuses:?}");
    }
    // The same client may still send messages.
    send(&stack).await;
}

//! People who look on with a phone and send: their names.

use client::{
    eventually::eventually,
    homepage::Bullet,
    kafka::{Kafka, TOPIC},
};
use serde_json::json;
use stack::{Stack, plan::name::BROKER};

const JSON: &str = "application/json";

/// The bullet of a message once it is on the page.
async fn bullet(stack: &Stack, message: &str) -> Bullet {
    let mut found = None;
    eventually("the message is on the page", async || {
        let bullets = stack.feed(None, 500).await.bullets;
        found = bullets.into_iter().find(|bullet| bullet.message == message);
        found.is_some()
    })
    .await;
    found.expect("it is set when the wait ends")
}

#[tokio::test]
async fn a_name_goes_from_the_sender_through_event_and_row_to_bullet_and_results() {
    let stack = Stack::start().await;
    let named = json!({ "message": "named", "name": "  小明 😀 " }).to_string();
    let sent = stack.homepage().post("/messages", JSON, named).await.unwrap();
    assert_eq!(sent.status.as_u16(), 202, "{}", sent.body);
    assert_eq!(bullet(&stack, "named").await.name.as_deref(), Some("小明 😀"));
    let at = format!("/messages/{}/{}", sent.body["partition"], sent.body["offset"]);
    let state = stack.homepage().get(&at).await.unwrap();
    assert_eq!(state.body["row"]["name"], "小明 😀", "{}", state.body);

    let twenty = "👩".repeat(20);
    let burst =
        json!({ "message": "all", "name": twenty, "concurrency": 2, "duration": 1, "rate": 2 });
    let id = stack.send_burst(burst).await;
    stack.settled(&id).await;
    let results = stack.results(&id).await;
    assert_eq!(results.len(), 4);
    assert!(results.iter().all(|row| row.name.as_deref() == Some(&twenty)), "{results:?}");
    let csv = stack.homepage().get(&format!("/bursts/{id}/results?format=csv")).await.unwrap();
    let csv = csv.body.as_str().unwrap().to_owned();
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().ends_with(",trace,name"), "{csv}");
    assert!(lines.all(|line| line.ends_with(&twenty)), "{csv}");

    let records = Kafka::at(stack.address(BROKER)).records(TOPIC).await;
    let values: Vec<_> = records.iter().map(|it| String::from_utf8_lossy(&it.value)).collect();
    assert!(values.iter().any(|value| value.contains(r#""name":"小明 😀""#)), "{values:?}");
}

#[tokio::test]
async fn a_message_without_a_name_has_no_such_member() {
    let stack = Stack::start().await;
    for (message, name) in [("without", json!(null)), ("empty", json!(" "))] {
        let mut body = json!({ "message": message });
        if name.is_string() {
            body["name"] = name;
        }
        let sent = stack.homepage().post("/messages", JSON, body.to_string()).await.unwrap();
        assert_eq!(sent.status.as_u16(), 202, "{}", sent.body);
        bullet(&stack, message).await;
    }
    let feed = stack.homepage().get("/feed?limit=10").await.unwrap().body;
    let bullets = feed["bullets"].as_array().unwrap();
    assert_eq!(bullets.len(), 2, "{feed}");
    assert!(bullets.iter().all(|it| it.get("name").is_none()), "{feed}");
}

#[tokio::test]
async fn a_blocked_word_in_a_name_blocks_the_message() {
    let stack = Stack::with([("message-processor", "BLOCKED_WORDS", "spam")]).await;
    let burst = json!({ "message": "hi", "name": "Mr. ЅРАМ", "concurrency": 1, "duration": 1 });
    let id = stack.send_burst(burst).await;
    let burst = stack.settled(&id).await;
    assert!(burst.accepted > 0);
    assert_eq!((burst.stored, burst.blocked), (burst.accepted, burst.accepted));
    assert_eq!(stack.feed(None, 100).await.bullets, []);
}

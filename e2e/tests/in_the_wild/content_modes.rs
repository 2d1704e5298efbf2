//! Row 35: the content modes of the Kafka binding. `whole_path::carriers` has records of every kind, by router and by
//! KafkaSource.

use client::kafka::Content;
use serde_json::{Value, json};

use crate::case::{Case, Numbers, value};

const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";
const BATCH: &str = "application/cloudevents-batch+json";

/// A record with this value and no header but the content type.
fn of_type(content_type: &str, value: &Value) -> Content {
    let value = Some(value.to_string().into());
    Content { value, ..Content::default() }.header("content-type", content_type)
}

fn event(id: &str, text: &str) -> Value {
    let data: Value = serde_json::from_str(&value(text)).expect("the value is JSON");
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/structured",
        "type": "barrage.message.sent.v1",
        "datacontenttype": "application/json",
        "data": data,
    })
}

#[tokio::test]
async fn an_event_in_structured_mode_is_read_like_one_in_binary_mode() {
    let Some(mut case) = Case::start().await else { return };
    let base64 = json!({
        "specversion": "1.0", "id": "s-2", "source": "/structured",
        "type": "barrage.message.sent.v1",
        // `{"message":"in Base64", …}`
        "data": null,
        "data_base64": BASE64,
    });
    let records = [
        (0, of_type(STRUCTURED, &event("s-1", "structured hello"))),
        (1, of_type("application/cloudevents+json", &base64)),
    ];
    let positions = case.send("none", &records).await;
    case.shows(Numbers::stored(2), &["structured hello", "in Base64"].map(String::from)).await;
    let bullets = case.bullets().await;
    assert_eq!([0, 1].map(|n: usize| bullets[&positions[n]].id.as_str()), ["s-1", "s-2"]);
    assert_eq!(case.dead_letters().await.len(), 0);
}

/// `{"message":"in Base64","burst":"019b76da-0000-7000-8000-000000000001","sender":1,"seq":1,"sent_at":"2026-01-01T00:00:00.000Z"}`
const BASE64: &str = "eyJtZXNzYWdlIjoiaW4gQmFzZTY0IiwiYnVyc3QiOiIwMTliNzZkYS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJzZW5kZXIiOjEsInNlcSI6MSwic2VudF9hdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDAuMDAwWiJ9";

#[tokio::test]
async fn batch_mode_is_a_dead_letter_with_the_true_reason() {
    let Some(mut case) = Case::start().await else { return };
    let batch = json!([event("b-1", "in a batch"), event("b-2", "in a batch")]);
    let at = case.send("none", &[(0, of_type(BATCH, &batch))]).await[0];
    case.shows(Numbers { accepted: 1, without_row: 1, ..Numbers::default() }, &[]).await;
    let letters: Vec<_> = case.dead_letters().await.into_values().collect();
    let says = |name: &str| letters[0].text(name).unwrap_or_default().to_lowercase();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(says("barrage_reason").contains("batch"), "{letters:?}");
    assert_eq!(says("barrage_source_partition"), at.partition.to_string());
    assert_eq!(says("barrage_source_offset"), at.offset.to_string());
    assert_eq!(case.state(at).await, "finished_without_row");
}

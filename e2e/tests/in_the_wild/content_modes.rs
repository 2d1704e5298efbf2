//! Row 35: the content modes of the Kafka binding, and records without any CloudEvents header. The same record has the
//! same fate, whoever carries it.

use client::{kafka::Content, message::Position};
use serde_json::{Value, json};
use stack::plan::name::{HOMEPAGE, ROUTER};

use crate::{
    case::{Case, Numbers, value},
    event_sources::{Delivery, deliver},
};

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

fn plain(value: impl Into<Vec<u8>>) -> Content {
    Content { value: Some(value.into()), ..Content::default() }
}

/// The reasons of the dead letters, by the positions of their records.
async fn reasons(case: &Case) -> Vec<(Position, String)> {
    let letters = case.dead_letters().await;
    let number = |letter: &Content, name| letter.text(name).and_then(|it| it.parse::<i64>().ok());
    let mut reasons: Vec<_> = letters
        .values()
        .map(|letter| {
            let partition = number(letter, "barrage_source_partition").expect("its partition");
            let offset = number(letter, "barrage_source_offset").expect("its offset");
            let partition = i32::try_from(partition).expect("a partition");
            let reason = letter.text("barrage_reason").expect("its reason").to_owned();
            (Position { partition, offset }, reason)
        })
        .collect();
    reasons.sort();
    reasons
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
    let reasons = reasons(&case).await;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let (position, reason) = &reasons[0];
    assert!(*position == at && reason.to_lowercase().contains("batch"), "{reasons:?}");
    assert_eq!(case.state(at).await, "finished_without_row");
}

#[tokio::test]
async fn a_plain_record_whose_value_is_a_whole_message_is_the_same_row_by_router_and_kafka_source()
{
    let (Some(mut by_router), Some(mut by_source)) = (Case::start().await, Case::start().await)
    else {
        return;
    };
    let record = plain(value("plain hello"));
    by_source.stack.terminate(ROUTER).await;
    let at = by_source.send("none", &[(3, record.clone())]).await[0];
    let Delivery { status, body } = deliver(&by_source, at, &record).await;
    assert_eq!(status.as_u16(), 204, "{body}");
    by_source.counts(Numbers::stored(1)).await;
    by_router.send("none", &[(3, record)]).await;
    by_router.shows(Numbers::stored(1), &["plain hello".into()]).await;
    let row = async |case: &Case| {
        let bullet = case.bullets().await.remove(&at).expect("the bullet");
        (bullet.id, bullet.message, bullet.burst, bullet.sender, bullet.seq, bullet.sent_at)
    };
    assert_eq!(row(&by_router).await, row(&by_source).await);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_alike_by_router_and_kafka_source() {
    let (Some(mut by_router), Some(mut by_source)) = (Case::start().await, Case::start().await)
    else {
        return;
    };
    let whole = value("a whole one");
    let values = [
        b"hello".to_vec(),
        b"{\"message\":".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe".to_vec(),
        Vec::new(),
        whole.replace("a whole one", "").into_bytes(),
        whole.replace("\"seq\":1", "\"seq\":0").into_bytes(),
        whole.replace("2026-01-01T", "yesterday").into_bytes(),
    ];
    let number = values.len() as u64;
    let records: Vec<_> = values.into_iter().map(|value| (0, plain(value))).collect();
    by_source.stack.terminate(ROUTER).await;
    by_router.send("none", &records).await;
    let positions = by_source.send("none", &records).await;
    by_router
        .shows(Numbers { accepted: number, without_row: number, ..Numbers::default() }, &[])
        .await;
    let reasons = reasons(&by_router).await;
    assert_eq!(reasons.len(), records.len(), "{reasons:#?}");
    for ((at, (_, record)), (position, reason)) in positions.into_iter().zip(&records).zip(reasons)
    {
        let Delivery { status, body } = deliver(&by_source, at, record).await;
        assert_eq!((status.as_u16(), at), (422, position), "{body}");
        assert!(body.contains(&reason), "a dead letter says {reason:?}, the HTTP door {body}");
    }
    assert_eq!(by_source.texts(HOMEPAGE).await.len(), 0);
}

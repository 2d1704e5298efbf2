//! The same record has the same fate, whether our router or a KafkaSource of Knative carries it to the processor.

use std::collections::BTreeMap;

use client::{
    eventually::eventually,
    kafka::{Content, DEAD_TOPIC, Kafka, TOPIC, message_value},
    message::{MessageId, Position},
    table::{Row, Table, text},
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};
use uuid::Uuid;

use crate::routing::without_homepage;

/// The topic of the rows that the processor writes for the KafkaSource, where they must not meet those of the router.
const BY_HTTP: &str = "by-http";

const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// What becomes of a record.
enum End {
    /// It becomes a row with this id, source and verdict. A KafkaSource gives a wrapped record a source of its own.
    Stored { id: Option<&'static str>, source: Option<&'static str>, verdict: &'static str },
    /// The processor rejects it, with the same reason.
    Rejected(&'static str),
    /// It is no event, although it says so. The router names the header of Kafka, the processor the attribute, if the
    /// KafkaSource sends it unchecked. (Newer ones wrap it.)
    Refused { router: &'static str, processor: &'static str },
}

const WRAPPED: End = End::Stored { id: None, source: None, verdict: "shown" };

fn event(verdict: &'static str) -> End {
    End::Stored { id: Some("1"), source: Some("/devices/a"), verdict }
}

fn value(message: &str) -> String {
    message_value(&MessageId { burst: Uuid::nil(), sender: 3, seq: 17 }, message)
}

fn plain(value: impl Into<Vec<u8>>) -> Content {
    Content { key: Some("k".into()), value: Some(value.into()), headers: Vec::new() }
}

fn binary(value: impl Into<Vec<u8>>) -> Content {
    Content::message(value).header("ce_id", "1").header("ce_source", "/devices/a")
}

fn structured(data: &str) -> Content {
    let event = json!({
        "specversion": "1.0",
        "id": "1",
        "source": "/devices/a",
        "type": "barrage.message.sent.v1",
        "data": serde_json::from_str::<Value>(data).unwrap(),
    });
    plain(event.to_string()).header("content-type", STRUCTURED)
}

/// What kind it is, a record of that kind, and what becomes of it.
type Kind = (&'static str, Content, End);

fn kinds() -> Vec<Kind> {
    [events(), plain_records(), announced()].into_iter().flatten().collect()
}

/// Records that are events.
fn events() -> Vec<Kind> {
    let no_message = structured(&value("hi").replace("17", "0"));
    let text = binary(value("hi")).header("content-type", "text/plain");
    let unknown = binary(value("hi")).header("ce_type", "other");
    vec![
        ("an event in binary mode", binary(value("hi")), event("shown")),
        ("a blocked message", binary(value("spam")), event("blocked")),
        ("another content type", text, event("shown")),
        ("an event in structured mode", structured(&value("hi")), event("shown")),
        (
            "no message in structured mode",
            no_message,
            End::Rejected("the data's field seq is not a number from 1"),
        ),
        ("an unknown type", unknown, End::Rejected("the event's type \"other\" is unknown")),
    ]
}

/// Records without the headers of an event.
fn plain_records() -> Vec<Kind> {
    let mut upper = binary(value("hi"));
    for (name, _) in &mut upper.headers {
        *name = name.to_uppercase();
    }
    let typed = plain(value("hi")).header("content-type", "application/json");
    let tombstone = Content { value: None, ..plain("") };
    vec![
        ("a plain message", plain(value("hi")), WRAPPED),
        ("a plain message with a content type", typed, WRAPPED),
        ("attributes in capital letters, which are none", upper, WRAPPED),
        ("a plain text", plain("hello"), End::Rejected("the data is not JSON (line 1, column 1)")),
        ("a message that somebody has typed", plain(r#"{"message":"hi"}"#), WRAPPED),
        (
            "a plain object that is no message",
            plain(r#"{"text":"hi"}"#),
            End::Rejected("the data has no field message"),
        ),
        ("a plain tombstone", tombstone, End::Rejected("there is no data")),
        ("a plain list", plain("[]"), End::Rejected("the data is not a JSON object")),
        ("no text", plain([0xff]), End::Rejected("the data is not JSON (line 1, column 1)")),
        ("a plain empty message", plain(value("")), End::Rejected("the message is empty")),
        (
            "a plain message of no time",
            plain(value("hi").replace("2026-01-01T", "yesterday")),
            End::Rejected("the data's field sent_at is not a time as in RFC 3339"),
        ),
    ]
}

/// Records that announce an event that cannot be read.
fn announced() -> Vec<Kind> {
    let mut no_id = binary(value("hi"));
    no_id.headers.retain(|(name, _)| name != "ce_id");
    let version = "CloudEvents version \"0.3\" is unknown";
    vec![
        (
            "an event without an id",
            no_id,
            End::Refused {
                router: "not a CloudEvent: header ce_id is missing",
                processor: "not a CloudEvent: attribute id is missing",
            },
        ),
        (
            "another version",
            binary(value("hi")).header("ce_specversion", "0.3"),
            End::Refused { router: version, processor: version },
        ),
    ]
}

/// The headers and the body with which a KafkaSource sends a record.
fn request(record: &Content, topic: &str, at: Position) -> (BTreeMap<String, String>, Vec<u8>) {
    let mut headers = BTreeMap::from([
        ("ce-knativekafkapartition".to_owned(), at.partition.to_string()),
        ("ce-knativekafkaoffset".to_owned(), at.offset.to_string()),
        ("ce-knativekafkatopic".to_owned(), topic.to_owned()),
    ]);
    let body = record.value.clone().unwrap_or_default();
    if record.text("content-type") == Some(STRUCTURED) {
        let Value::Object(event) = serde_json::from_slice(&body).unwrap() else { unreachable!() };
        let attributes = event.iter().filter(|(name, _)| *name != "data");
        let header = |(name, value): (&String, &Value)| {
            (format!("ce-{name}"), value.as_str().unwrap().to_owned())
        };
        headers.extend(attributes.map(header));
        return (headers, event["data"].to_string().into());
    }
    if record.headers.iter().any(|(name, _)| name == "ce_specversion") {
        let header = |(name, value): &(String, Option<Vec<u8>>)| {
            let value = String::from_utf8(value.clone().unwrap()).unwrap();
            (name.replace("ce_", "ce-"), value)
        };
        headers.extend(record.headers.iter().map(header));
        return (headers, body);
    }
    let Position { partition, offset } = at;
    let source = format!("/apis/v1/namespaces/default/kafkasources/barrage#{topic}");
    headers.extend(
        [
            ("ce-specversion", "1.0".into()),
            ("ce-id", format!("partition:{partition}/offset:{offset}")),
            ("ce-type", "dev.knative.kafka.event".into()),
            ("ce-source", source),
            ("ce-subject", format!("partition:{partition}#{offset}")),
        ]
        .map(|(name, text): (&str, String)| (name.to_owned(), text)),
    );
    (headers, body)
}

/// Sends a record to the processor as a KafkaSource does.
async fn post(stack: &Stack, record: &Content, topic: &str, at: Position) -> (StatusCode, String) {
    let (headers, body) = request(record, topic, at);
    let request = Client::new().post(format!("http://{}/", stack.address(PROCESSOR))).body(body);
    let request = headers.iter().fold(request, |request, (name, text)| request.header(name, text));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// The rows of a topic by their offsets.
async fn rows(stack: &Stack, topic: &str) -> BTreeMap<i64, Row> {
    let rows = Table::at(stack.address(TABLE)).all().await.into_iter();
    let of_topic =
        |row: &Row| text(row, "shard").is_some_and(|it| it.starts_with(&format!("{topic}#")));
    rows.filter(of_topic).map(|row| (text(&row, "offset").unwrap().parse().unwrap(), row)).collect()
}

/// The reasons of the dead letters by the offsets of their records.
async fn reasons(kafka: Kafka) -> BTreeMap<i64, String> {
    let letters = kafka.contents(DEAD_TOPIC).await.into_values();
    let number = |letter: &Content| letter.text("barrage_source_offset").unwrap().parse().unwrap();
    letters.map(|it| (number(&it), it.text("barrage_reason").unwrap().to_owned())).collect()
}

fn assert_is_row(row: Option<&Row>, end: &End, at: Position, what: &str) {
    let End::Stored { id, source, verdict } = end else {
        return assert!(row.is_none(), "{what} has a row");
    };
    let row = row.unwrap_or_else(|| panic!("{what} has no row"));
    let wrapped = format!("partition:{}/offset:{}", at.partition, at.offset);
    assert_eq!(text(row, "id").as_deref(), id.or(Some(&wrapped)), "{what}");
    assert_eq!(text(row, "verdict").as_deref(), Some(*verdict), "{what}");
    if source.is_some() {
        assert_eq!(text(row, "source").as_deref(), *source, "{what}");
    }
}

#[tokio::test]
async fn a_record_has_the_same_fate_whoever_carries_it() {
    let setup = Setup::default().var(PROCESSOR, "BLOCKED_WORDS", "spam");
    let (stack, kafka) = without_homepage(setup).await;
    let mut sent = Vec::new();
    for (what, record, end) in kinds() {
        let at = kafka.send_content(TOPIC, 0, &record).await;
        sent.push((what, at, post(&stack, &record, BY_HTTP, at).await, end));
    }
    eventually("the router has finished every record", async || {
        rows(&stack, TOPIC).await.len() + reasons(kafka).await.len() == sent.len()
    })
    .await;
    let (by_router, by_http) = (rows(&stack, TOPIC).await, rows(&stack, BY_HTTP).await);
    let reasons = reasons(kafka).await;
    for (what, at, (status, answer), end) in sent {
        let [router, http] = [&by_router, &by_http].map(|rows| rows.get(&at.offset));
        assert_is_row(router, &end, at, what);
        assert_is_row(http, &end, at, what);
        for name in ["id", "message", "verdict", "burst", "sender", "seq"] {
            let [router, http] = [router, http].map(|row| row.and_then(|row| text(row, name)));
            assert_eq!(router, http, "{what}: {name}");
        }
        let reason = reasons.get(&at.offset).map(String::as_str);
        match end {
            End::Stored { .. } => assert_eq!((status.as_u16(), reason), (204, None), "{what}"),
            End::Rejected(why) => {
                assert_eq!((status.as_u16(), reason), (422, Some(why)), "{what}");
                assert_eq!(answer, format!("event 1: {why}\n"), "{what}");
            }
            End::Refused { router, processor } => {
                assert_eq!((status.as_u16(), reason), (400, Some(router)), "{what}");
                assert_eq!(answer, format!("{processor}\n"), "{what}");
            }
        }
    }
}

/// Waits until the page shows so many bullets, and the records at these places are said to be stored.
async fn all_shown(stack: &Stack, all: &[Position]) {
    let what = "every row is shown";
    eventually(what, async || stack.feed(None, 100).await.bullets.len() == all.len()).await;
    for Position { partition, offset } in all {
        let path = format!("/messages/{partition}/{offset}");
        let answer = stack.homepage().get(&path).await.unwrap();
        assert_eq!(answer.body["state"], "stored", "{path}");
    }
}

#[tokio::test]
async fn rows_that_a_kafka_source_brought_are_believed_also_after_a_restart() {
    let mut stack = Stack::start().await;
    stack.terminate(ROUTER).await;
    let kafka = Kafka::at(stack.address(BROKER));
    // Two producers may give their events the same id.
    let of = |source: &str| binary(value("hi")).header("ce_source", source);
    let brought = [
        (0, plain(value("hi"))),
        (0, structured(&value("hi"))),
        (0, binary(value("hi"))),
        (1, of("/devices/b")),
    ];
    let mut all = Vec::new();
    for (partition, record) in &brought {
        let at = kafka.send_content(TOPIC, *partition, record).await;
        assert_eq!(post(&stack, record, TOPIC, at).await.0, 204);
        all.push(at);
    }
    all_shown(&stack, &all).await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    all_shown(&stack, &all).await;
    // The router finds the same records and writes the same rows, and brings one that the KafkaSource did not.
    all.push(kafka.send_content(TOPIC, 1, &of("/devices/c")).await);
    stack.start_again(ROUTER).await;
    eventually("nothing waits", async || stack.feed(None, 1).await.totals.waiting == 0).await;
    all_shown(&stack, &all).await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    all_shown(&stack, &all).await;
}

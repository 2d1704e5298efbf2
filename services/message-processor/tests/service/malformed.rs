//! Malformed calls and requests of every kind: each gets the documented answer, and the processor goes on.

use std::time::{Duration, Instant};

use proto::{Position, Record};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::processor::{Processor, eventually};
use crate::records::{data, record, request};
use crate::table::Table;

/// A processor that says by HTTP and by gRPC that it is ready. gRPC says so a moment later.
async fn ready(table: &str) -> Processor {
    let processor = Processor::ready(table, &[]).await;
    eventually("it serves", async || is_serving(&processor).await).await;
    processor
}

async fn is_serving(processor: &Processor) -> bool {
    let mut health = HealthClient::new(processor.channel().await);
    let status = health.check(HealthCheckRequest::default()).await.unwrap();
    status.get_ref().status().as_str_name() == "SERVING"
}

/// Checks that it still says so.
async fn assert_ready(processor: &Processor, after: &str) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(processor.get(path).await.0, 200, "{path} after {after}");
    }
    assert!(is_serving(processor).await, "after {after}");
}

fn at(topic: &str, partition: i32, offset: i64) -> Record {
    let position = Position { topic: topic.into(), partition, offset };
    Record { position: Some(position), ..record(1, "hi") }
}

#[tokio::test]
async fn a_malformed_call_is_refused_as_a_whole_and_does_no_harm() {
    let (table, url) = Table::start().await;
    let processor = ready(&url).await;
    let large = Record { data: vec![b' '; 4 << 20].into(), ..record(1, "") };
    let nowhere = Record { position: None, ..record(1, "hi") };
    let many = (0..).take(proto::MAX_RECORDS + 1).map(|offset| at("t", 0, offset)).collect();
    let long = "t".repeat(250);
    let cases: Vec<(&str, Vec<Record>, Code)> = vec![
        ("larger than gRPC accepts", vec![large], Code::OutOfRange),
        ("more records than a call may have", many, Code::InvalidArgument),
        ("no position", vec![nowhere], Code::InvalidArgument),
        ("an empty record", vec![Record::default()], Code::InvalidArgument),
        ("no topic", vec![at("", 0, 0)], Code::InvalidArgument),
        ("an invalid topic", vec![at("a b#1", 0, 0)], Code::InvalidArgument),
        ("a topic that is too long", vec![at(&long, 0, 0)], Code::InvalidArgument),
        ("a negative partition", vec![at("t", -1, 0)], Code::InvalidArgument),
        ("a negative offset", vec![at("t", 0, -1)], Code::InvalidArgument),
        ("the lowest offset", vec![at("t", i32::MIN, i64::MIN)], Code::InvalidArgument),
        ("two equal positions", vec![at("t", 0, 1), at("t", 0, 1)], Code::InvalidArgument),
        (
            "one invalid record among valid ones",
            vec![record(1, "hi"), at("", 0, 0)],
            Code::InvalidArgument,
        ),
    ];
    for (what, records, code) in cases {
        let answer = processor.client().await.process_batch(request(records)).await;
        let status = answer.unwrap_err();
        assert_eq!(status.code(), code, "{what}: {status}");
        assert!(!status.message().is_empty(), "{what}");
        assert_ready(&processor, what).await;
    }
    assert!(table.rows().is_empty());
    // The highest possible offset is valid, and so is a call without records.
    let mut client = processor.client().await;
    let last = client.process_batch(request([at("t", i32::MAX, i64::MAX)])).await.unwrap();
    assert_eq!(last.get_ref().outcomes.len(), 1);
    assert!(client.process_batch(request([])).await.unwrap().get_ref().outcomes.is_empty());
}

fn event() -> Value {
    json!({
        "specversion": "1.0",
        "id": "partition:2/offset:7",
        "source": "/tests",
        "type": "barrage.message.sent.v1",
        "data": serde_json::from_str::<Value>(&data("hi")).unwrap(),
    })
}

/// The event with another value of a field, or without the field if the value is null.
fn with(name: &str, value: Value) -> Value {
    let mut event = event();
    let fields = event.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(name)
    } else {
        fields.insert(name.into(), value)
    };
    event
}

fn post(processor: &Processor, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    Client::new().post(&processor.url).header("content-type", kind).body(body)
}

const EVENT: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// What is wrong, content type, body, and the expected status.
type Case = (&'static str, &'static str, String, u16);

fn bodies() -> Vec<Case> {
    let deep = [r#"{"data":"#, &"[".repeat(100_000)].concat();
    let text = |event: Value| event.to_string();
    vec![
        ("10 MiB", EVENT, " ".repeat(10 << 20), 413),
        ("another format", "application/cloudevents+xml", text(event()), 415),
        ("another format of batch", "application/cloudevents-batch+avro", text(event()), 415),
        ("not an event", "text/plain", text(event()), 400),
        ("no content type", "", text(event()), 400),
        ("nothing", EVENT, String::new(), 400),
        ("not JSON", EVENT, "{".into(), 400),
        ("not UTF-8 in JSON", EVENT, r#"{"id":"\ud800"}"#.into(), 400),
        ("not a number", EVENT, r#"{"id":NaN}"#.into(), 400),
        ("deeply nested", EVENT, deep, 400),
        ("not an object", EVENT, "[]".into(), 400),
        ("not an array", BATCH, text(event()), 400),
    ]
}

fn events() -> Vec<Case> {
    let text = |event: Value| event.to_string();
    vec![
        ("no specversion", EVENT, text(with("specversion", Value::Null)), 400),
        ("another specversion", EVENT, text(with("specversion", json!("0.3"))), 400),
        ("no id, and so no position", EVENT, text(with("id", Value::Null)), 400),
        ("an empty id", EVENT, text(with("id", json!(""))), 400),
        ("no source", EVENT, text(with("source", Value::Null)), 400),
        ("no type", EVENT, text(with("type", Value::Null)), 400),
        ("an attribute that is a list", EVENT, text(with("x", json!([]))), 400),
        ("data twice", EVENT, text(with("data_base64", json!(""))), 400),
        ("an id twice", EVENT, text(event()).replacen('{', r#"{"id":"1","#, 1), 400),
        ("a negative offset", EVENT, text(with("subject", json!("partition:0#-1"))), 400),
        (
            "an offset that is too large",
            EVENT,
            text(with("id", json!("partition:0/offset:9e9"))),
            400,
        ),
        ("no data", EVENT, text(with("data", Value::Null)), 422),
        ("another type", EVENT, text(with("type", json!("x"))), 422),
        ("data that is no message", EVENT, text(with("data", json!({"message": "hi"}))), 422),
        (
            "one event without position among valid ones",
            BATCH,
            text(json!([event(), with("id", json!("1"))])),
            400,
        ),
    ]
}

#[tokio::test]
async fn a_malformed_request_is_refused_as_a_whole_and_does_no_harm() {
    let (table, url) = Table::start().await;
    let processor = ready(&url).await;
    for (what, kind, body, status) in [bodies(), events()].concat() {
        let answer = post(&processor, kind, body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        assert!(answer.text().await.unwrap().ends_with('\n'), "{what}");
        assert_ready(&processor, what).await;
    }
    assert!(table.rows().is_empty());
    let good = post(&processor, EVENT, event().to_string());
    assert_eq!(good.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_ends_the_request_soon() {
    let (_table, url) = Table::start().await;
    let processor = ready(&url).await;
    let mut slow =
        TcpStream::connect(processor.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head =
        format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-type: {EVENT}\r\ncontent-length: 9\r\n");
    slow.write_all(format!("{head}\r\n{{").as_bytes()).await.unwrap();
    let started = Instant::now();
    assert_ready(&processor, "the head of a request").await;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_ready(&processor, "a slow request").await;
}

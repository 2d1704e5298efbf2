//! CloudEvents over HTTP become the same rows as records by gRPC.

use std::future::poll_fn;

use axum::http::Request;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tonic::Code;
use tonic::body::Body;
use tonic::client::GrpcService as _;

use crate::processor::Processor;
use crate::records::data;
use crate::table::Table;

fn binary(processor: &Processor, offset: &str) -> RequestBuilder {
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "e-1"),
        ("ce-source", "/homepage/test"),
        ("ce-type", "barrage.message.sent.v1"),
        ("ce-knativekafkapartition", "2"),
        ("ce-knativekafkaoffset", offset),
        ("content-type", "application/json"),
    ];
    let request = Client::new().post(&processor.url).body(data("hi"));
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// An event that a Knative source makes of a record without an envelope.
fn wrapped(offset: i64) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("partition:2/offset:{offset}"),
        "source": "/apis/v1/namespaces/default/kafkasources/barrage#other-topic",
        "type": "dev.knative.kafka.event",
        "subject": format!("partition:2#{offset}"),
        "data": serde_json::from_str::<Value>(&data("hi")).unwrap(),
    })
}

async fn post(processor: &Processor, kind: &str, body: &Value) -> (StatusCode, String) {
    let kind = format!("application/{kind}; charset=utf-8");
    let request = Client::new().post(&processor.url).header("content-type", kind);
    answer(request.body(body.to_string())).await
}

async fn answer(request: RequestBuilder) -> (StatusCode, String) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn an_event_is_stored_in_all_three_modes() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let stored = (StatusCode::NO_CONTENT, String::new());
    assert_eq!(answer(binary(&processor, "1")).await, stored);
    assert_eq!(post(&processor, "cloudevents+json", &wrapped(2)).await, stored);
    let batch = json!([wrapped(3), wrapped(4)]);
    assert_eq!(post(&processor, "cloudevents-batch+json", &batch).await, stored);
    assert_eq!(table.offsets(), [1, 2, 3, 4]);
    let shards: Vec<_> = table.rows().iter().map(|row| row["shard"]["S"].clone()).collect();
    assert_eq!(shards[..2], ["barrage-info#2#0", "other-topic#2#0"]);
}

#[tokio::test]
async fn data_that_is_null_beside_base64_counts_as_absent() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut event = wrapped(5);
    event["data"] = Value::Null;
    event["data_base64"] = BASE64_STANDARD.encode(data("hi")).into();
    assert_eq!(post(&processor, "cloudevents+json", &event).await.0, 204);
    assert_eq!(table.offsets(), [5]);
}

#[tokio::test]
async fn an_event_is_also_stored_by_http_2_without_tls() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut channel = processor.channel().await;
    poll_fn(|context| channel.poll_ready(context)).await.unwrap();
    let event = Request::post("/").header("content-type", "application/cloudevents+json");
    let body = Body::new(axum::body::Body::from(wrapped(7).to_string()));
    let answer = channel.call(event.body(body).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(table.offsets(), [7]);
}

#[tokio::test]
async fn an_event_that_can_never_be_stored_gets_a_final_status() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let poison = answer(binary(&processor, "1").body("oops")).await;
    assert_eq!(poison.0, 422);
    assert_eq!(poison.1, "event 1: the data is not JSON (line 1, column 1)\n");
    assert_eq!(answer(binary(&processor, "x")).await.0, 400);
    assert_eq!(answer(Client::new().post(&processor.url)).await.0, 400);
    assert_eq!(post(&processor, "cloudevents+xml", &wrapped(1)).await.0, 415);
    let large = binary(&processor, "1").body(" ".repeat((1 << 20) + 1));
    assert_eq!(answer(large).await.0, 413);
    let twice = json!([wrapped(1), wrapped(1)]);
    assert_eq!(post(&processor, "cloudevents-batch+json", &twice).await.0, 400);
    assert!(table.rows().is_empty());
}

#[tokio::test]
async fn a_throttling_table_gets_a_status_that_means_try_again() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    table.throttle(true);
    assert_eq!(answer(binary(&processor, "1")).await.0, 429);
    table.throttle(false);
    assert_eq!(answer(binary(&processor, "1")).await.0, 204);
}

#[tokio::test]
async fn a_wrong_path_never_looks_like_success() {
    let (_table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let wrong_path = Client::new().post(format!("{}/wrong", processor.url));
    assert_eq!(answer(wrong_path).await.0, 404);
    let mut grpc = tonic::client::Grpc::new(processor.channel().await);
    grpc.ready().await.unwrap();
    let codec =
        tonic_prost::ProstCodec::<proto::ProcessBatchRequest, proto::ProcessBatchResponse>::new();
    let path = "/barrage.v9.Unknown/Call".parse().unwrap();
    let request = tonic::Request::new(proto::ProcessBatchRequest::default());
    let status = grpc.unary(request, path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

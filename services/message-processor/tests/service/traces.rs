//! The spans of a traced record, as a tracing back end receives them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;
use proto::Record;
use tokio::net::TcpListener;

use crate::processor::Processor;
use crate::records::{TRACEPARENT, record, request};
use crate::table::Table;

/// A stand-in for the tracing back end. It keeps what it receives.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<ResourceSpans>>>,
    headers: Arc<Mutex<HeaderMap>>,
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let router = Router::new().route("/v1/traces", post(collect));
        let router = router.with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (collector, url)
    }

    /// All spans, each with `SERVICE: NAME`.
    fn spans(&self) -> Vec<(String, Span)> {
        let sent = self.spans.lock().unwrap();
        let of_resource = |resource: &ResourceSpans| {
            let service = service(resource);
            let spans = resource.scope_spans.iter().flat_map(|scope| scope.spans.clone());
            spans.map(|span| (format!("{service}: {}", span.name), span)).collect::<Vec<_>>()
        };
        sent.iter().flat_map(of_resource).collect()
    }
}

fn service(resource: &ResourceSpans) -> String {
    attribute(resource, "service.name")
}

fn attribute(resource: &ResourceSpans, key: &str) -> String {
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    let attribute = attributes.iter().find(|attribute| attribute.key == key).unwrap();
    let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
    let Some(Value::StringValue(text)) = value else { panic!("{value:?} is no text") };
    text.clone()
}

async fn collect(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    collector.spans.lock().unwrap().extend(request.resource_spans);
    *collector.headers.lock().unwrap() = headers;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_traced_record_has_a_process_span_and_below_it_a_write_span() {
    let (collector, tracing) = Collector::start().await;
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[("TRACING", &tracing)]).await;
    let untraced = Record { traceparent: String::new(), ..record(2, "b") };
    let unsampled = Record { traceparent: TRACEPARENT.replace("-01", "-00"), ..record(3, "c") };
    let call = request([record(1, "a"), untraced, unsampled]);
    processor.client().await.process_batch(call).await.unwrap();
    processor.terminate();
    assert_eq!(processor.exit_code().await, Some(0));

    let mut spans = collector.spans();
    spans.sort_by(|(a, _), (b, _)| b.cmp(a));
    let [(process_name, process), (write_name, write)] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(process_name, "receiver: process barrage-info");
    assert_eq!(write_name, "receiver: BatchWriteItem barrage.barrage");
    assert_eq!(hex(&process.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(write.parent_span_id, process.span_id);
    for span in [process, write] {
        assert_eq!(hex(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    let rows = table.rows();
    let below = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", hex(&process.span_id));
    assert_eq!(rows[0]["traceparent"]["S"], below);
    assert_eq!(rows[1]["trace"]["S"].as_str().unwrap().len(), 32);
    assert_eq!(rows[2]["trace"]["S"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(rows[1]["traceparent"].is_null() && rows[2]["traceparent"].is_null());
}

#[tokio::test]
async fn without_tracing_the_variables_of_opentelemetry_say_where_spans_go_and_what_they_carry() {
    let (collector, url) = Collector::start().await;
    let (_table, table) = Table::start().await;
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=trial"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=stage"),
    ];
    let processor = Processor::ready(&table, &vars).await;
    processor.client().await.process_batch(request([record(1, "a")])).await.unwrap();
    processor.terminate();
    assert_eq!(processor.exit_code().await, Some(0));

    assert_eq!(collector.headers.lock().unwrap()["x-tenant"], "trial");
    let sent = collector.spans.lock().unwrap();
    for (key, value) in [
        ("service.name", "receiver"),
        ("service.instance.id", "processor-1"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "stage"),
    ] {
        assert_eq!(attribute(&sent[0], key), value, "{key}");
    }
}

//! A stand-in for a tracing back end: it receives spans by OTLP over HTTP and keeps them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, body::Bytes, extract::State, routing::post};
use faults::serving::Serving;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{ResourceSpans, Span},
};
use parking_lot::Mutex;
use prost::Message as _;

/// The spans that were exported so far.
type Spans = Arc<Mutex<Vec<ResourceSpans>>>;

/// A running back end. Dropping it closes its port.
pub(crate) struct Collector {
    spans: Spans,
    /// Its URL is what `TRACING` expects.
    pub(crate) serving: Serving,
}

/// The spans of one trace by `service: name`.
pub(crate) type Trace = BTreeMap<String, Span>;

impl Collector {
    pub(crate) async fn start() -> Self {
        let spans = Spans::default();
        let router = Router::new().route("/v1/traces", post(collect)).with_state(spans.clone());
        Self { spans, serving: Serving::http(router).await.unwrap() }
    }

    /// All traces by their ids, in hexadecimal digits.
    pub(crate) fn traces(&self) -> BTreeMap<String, Trace> {
        let mut traces = BTreeMap::<String, Trace>::new();
        for resource in self.spans.lock().iter() {
            let service = service(resource);
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                let trace = traces.entry(hex(&span.trace_id)).or_default();
                trace.insert(format!("{service}: {}", span.name), span.clone());
            }
        }
        traces
    }
}

async fn collect(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    spans.lock().extend(request.resource_spans);
}

fn service(resource: &ResourceSpans) -> String {
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    match name.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(name)) => name.clone(),
        other => panic!("{other:?} is no name of a service"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

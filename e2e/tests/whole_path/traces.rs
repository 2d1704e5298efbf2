//! One trace follows a message through all services. The span names are those of the article.

use client::eventually::eventually;
use reqwest::Method;
use serde_json::{Value, json};
use stack::{
    Setup, Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::{
    collector::{Collector, Trace},
    http::request,
};

/// The spans of a message with their parents.
const SPANS: [(&str, Option<&str>); 6] = [
    ("sender: barrage-sender", None),
    ("sender: sender", Some("sender: barrage-sender")),
    ("event-router: route barrage-info", Some("sender: sender")),
    ("receiver: process barrage-info", Some("event-router: route barrage-info")),
    ("receiver: BatchWriteItem barrage.barrage", Some("receiver: process barrage-info")),
    ("result: result", Some("receiver: process barrage-info")),
];

/// The span of a caller, by the example of W3C Trace Context.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: [u8; 8] = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];

async fn traced_stack(sample: &str) -> (Stack, Collector) {
    traced(Setup::default(), sample).await
}

async fn traced(setup: Setup, sample: &str) -> (Stack, Collector) {
    let collector = Collector::start().await;
    let url = collector.serving.url();
    let services = [HOMEPAGE, ROUTER, PROCESSOR];
    let setup = services.into_iter().fold(setup, |it, service| it.var(service, "TRACING", &url));
    (setup.var(HOMEPAGE, "TRACE_SAMPLE", sample).start().await, collector)
}

/// A stack that trusts us, as it trusts a gateway.
async fn trusting_stack() -> (Stack, Collector) {
    traced(Setup::default().var(HOMEPAGE, "TRUSTED_PROXIES", "127.0.0.0/8"), "0").await
}

/// Sends with the trace of a caller. Returns the answer.
async fn send_in_trace(stack: &Stack, path: &str, body: Value, flags: &str) -> Value {
    let request = request(stack, Method::POST, path).json(&body);
    let request = request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-{flags}"));
    let answer = request.header("tracestate", "vendor=1").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    answer.json().await.unwrap()
}

/// The parent of the first span is the caller's.
fn assert_continues_the_caller(trace: &Trace) {
    assert_eq!(trace[SPANS[0].0].parent_span_id, SPAN);
    for (name, parent) in &SPANS[1..] {
        assert_eq!(trace[*name].parent_span_id, trace[parent.unwrap()].span_id, "{name}");
    }
}

async fn all_spans(collector: &Collector) {
    eventually("every span has arrived", async || {
        collector.traces().values().any(|trace| trace.len() == SPANS.len())
    })
    .await;
}

fn assert_is_complete(trace: &Trace) {
    for (name, parent) in SPANS {
        let expected = parent.map_or(&[][..], |parent| &trace[parent].span_id);
        assert_eq!(trace[name].parent_span_id, expected, "the parent of {name} is not {parent:?}");
    }
}

#[tokio::test]
async fn one_trace_follows_a_message_from_the_form_to_the_bullet() {
    let (stack, collector) = traced_stack("0").await;
    assert_eq!(stack.post_message("hello").await.status.as_u16(), 202);
    all_spans(&collector).await;
    let traces = collector.traces();
    assert_eq!(traces.len(), 1);
    traces.values().for_each(assert_is_complete);
    let feed = stack.homepage().get("/feed").await.unwrap().body;
    assert_eq!(feed["bullets"][0]["trace"], json!(traces.keys().next()));
}

#[tokio::test]
async fn the_first_message_of_an_unsampled_burst_is_traced() {
    let (stack, collector) = traced_stack("0").await;
    let burst = json!({ "message": "hello", "concurrency": 3, "duration": 1 });
    let id = stack.send_burst(burst).await;
    assert_eq!(stack.settled(&id).await.accepted, 15);
    all_spans(&collector).await;
    assert_eq!(collector.traces().len(), 1);
}

#[tokio::test]
async fn with_all_messages_sampled_every_message_has_its_trace() {
    let (stack, collector) = traced_stack("1").await;
    let burst = json!({ "message": "hello", "concurrency": 3, "duration": 1 });
    let id = stack.send_burst(burst).await;
    assert_eq!(stack.settled(&id).await.accepted, 15);
    eventually("every span of every message has arrived", async || {
        collector.traces().values().filter(|trace| trace.len() == SPANS.len()).count() == 15
    })
    .await;
    collector.traces().values().for_each(assert_is_complete);
}

#[tokio::test]
async fn the_trace_of_a_caller_goes_on_to_the_bullet() {
    for flags in ["01", "00"] {
        let (stack, collector) = traced_stack("0").await;
        send_in_trace(&stack, "/messages", json!({ "message": "hello" }), flags).await;
        all_spans(&collector).await;
        let traces = collector.traces();
        assert_eq!(traces.keys().collect::<Vec<_>>(), [TRACE], "of a stranger, with {flags}");
        assert_continues_the_caller(&traces[TRACE]);
        let feed = stack.homepage().get("/feed").await.unwrap().body;
        assert_eq!(feed["bullets"][0]["trace"], TRACE);
    }
}

#[tokio::test]
async fn a_strangers_sampled_flag_changes_nothing_beyond_the_share_of_traced_messages() {
    let (stack, collector) = traced_stack("0").await;
    let burst = json!({ "message": "hello", "concurrency": 3, "duration": 1 });
    let burst = send_in_trace(&stack, "/bursts", burst, "01").await;
    assert_eq!(stack.settled(burst["id"].as_str().unwrap()).await.accepted, 15);
    all_spans(&collector).await;
    let traces = collector.traces();
    assert_eq!(traces.keys().collect::<Vec<_>>(), [TRACE], "the first message alone is traced");
    assert_continues_the_caller(&traces[TRACE]);
}

#[tokio::test]
async fn a_trusted_caller_decides_whether_its_message_is_traced() {
    let (stack, collector) = trusting_stack().await;
    send_in_trace(&stack, "/messages", json!({ "message": "not traced" }), "00").await;
    eventually("it is a bullet", async || {
        let feed = stack.homepage().get("/feed").await.unwrap().body;
        feed["bullets"][0]["trace"] == TRACE
    })
    .await;
    assert_eq!(stack.post_message("traced").await.status.as_u16(), 202);
    all_spans(&collector).await;
    let traces = collector.traces();
    assert!(traces.len() == 1 && !traces.contains_key(TRACE), "{:?}", traces.keys());
}

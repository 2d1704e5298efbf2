//! One trace follows a message through all services. The span names are those of the article.

use client::eventually::eventually;
use serde_json::json;
use stack::{
    Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::collector::{Collector, Trace};

/// The spans of a message with their parents.
const SPANS: [(&str, Option<&str>); 6] = [
    ("sender: barrage-sender", None),
    ("sender: sender", Some("sender: barrage-sender")),
    ("event-router: route barrage-info", Some("sender: sender")),
    ("receiver: process barrage-info", Some("event-router: route barrage-info")),
    ("receiver: BatchWriteItem barrage.barrage", Some("receiver: process barrage-info")),
    ("result: result", Some("receiver: process barrage-info")),
];

async fn traced_stack(sample: &str) -> (Stack, Collector) {
    let (collector, url) = Collector::start().await;
    let stack = Stack::with([
        (HOMEPAGE, "TRACING", &url),
        (HOMEPAGE, "TRACE_SAMPLE", sample),
        (ROUTER, "TRACING", &url),
        (PROCESSOR, "TRACING", &url),
    ]);
    (stack.await, collector)
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
    eventually("every span has arrived", async || {
        collector.traces().values().any(|trace| trace.len() == SPANS.len())
    })
    .await;
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
    eventually("every span has arrived", async || {
        collector.traces().values().any(|trace| trace.len() == SPANS.len())
    })
    .await;
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

//! The cost of a message while the processor runs, and the calls that an autoscaler counts.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use tokio::task::JoinHandle;

use crate::processor::{Processor, eventually};
use crate::records::{record, request};
use crate::table::Table;

const CONTROLS: (&str, &str) = ("DEMO_CONTROLS", "true");

async fn put(processor: &Processor, body: impl Into<String>) -> (StatusCode, String) {
    let url = format!("{}/work-ms", processor.url);
    let answer = Client::new().put(url).body(body.into()).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// How long a call with one record takes.
async fn call(processor: &Processor, offset: i64) -> Duration {
    let mut client = processor.client().await;
    let started = Instant::now();
    client.process_batch(request([record(offset, "hi")])).await.unwrap();
    started.elapsed()
}

#[tokio::test]
async fn each_message_costs_what_a_demo_has_said_last() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[CONTROLS, ("WORK_MS", "60000")]).await;
    assert_eq!(put(&processor, "300").await, (StatusCode::NO_CONTENT, String::new()));
    assert!(call(&processor, 1).await >= Duration::from_millis(300));
    assert_eq!(put(&processor, "0\n").await.0, StatusCode::NO_CONTENT);
    assert!(call(&processor, 2).await < Duration::from_secs(10));
    assert_eq!(table.offsets(), [1, 2]);
}

#[tokio::test]
async fn another_cost_than_0_to_500_is_refused_in_one_line() {
    let (_table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[CONTROLS]).await;
    let reason = "the body must be a JSON number, 0 to 500\n".to_owned();
    for body in ["501", "-1", "1.5", "soon", "", "{\"ms\":1}"] {
        let expected = (StatusCode::UNPROCESSABLE_ENTITY, reason.clone());
        assert_eq!(put(&processor, body).await, expected, "{body:?}");
    }
    let long = format!("1{}", " ".repeat(100));
    assert_eq!(put(&processor, long).await, (StatusCode::UNPROCESSABLE_ENTITY, reason));
    assert_eq!(processor.get("/work-ms").await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn without_demo_controls_the_cost_cannot_be_changed() {
    let (_table, url) = Table::start().await;
    for vars in [&[][..], &[("DEMO_CONTROLS", "false")]] {
        let processor = Processor::start(&url, vars).await;
        assert_eq!(put(&processor, "100").await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_call_that_waits_for_its_turn_counts_as_in_flight() {
    let (_table, url) = Table::start().await;
    let vars = [("CONTAINER_CONCURRENCY", "1"), ("WORK_MS", "60000")];
    let processor = Processor::ready(&url, &vars).await;
    let client = processor.client().await;
    let calls = [1, 2].map(|offset| {
        let mut client = client.clone();
        // The one that is refused comes again.
        tokio::spawn(async move {
            while client.process_batch(request([record(offset, "hi")])).await.is_err() {}
        })
    });
    let in_flight = async |count: u8| {
        let line = format!("processor_calls_in_flight {count}\n");
        processor.get("/metrics").await.1.contains(&line)
    };
    eventually("two calls are in flight", async || in_flight(2).await).await;
    calls.iter().for_each(JoinHandle::abort);
    eventually("no call is in flight", async || in_flight(0).await).await;
}

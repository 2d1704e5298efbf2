//! Kafka dies, or the network to it breaks.

use std::time::{Duration, Instant};

use client::{
    eventually::{eventually, lasts, within},
    kafka::{Kafka, TOPIC},
};
use faults::tcp_proxy::Fault;
use serde_json::Value;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::load::{assert_kept, burst, settles_within};

/// How long healing may take. The table of guarantees promises no time.
const HEALED: Duration = Duration::from_secs(30);

/// The parts that are down, according to the page.
async fn problems(stack: &Stack) -> Vec<Value> {
    stack.feed(None, 1).await.problems
}

/// The page says that Kafka is down and what this means, and messages are refused.
async fn assert_sends_are_refused(stack: &Stack) {
    eventually("the page says that Kafka is down", async || {
        problems(stack).await.iter().any(|problem| problem["part"] == "kafka")
    })
    .await;
    let problems = problems(stack).await;
    let text = problems[0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("Nothing can be sent"), "{problems:?}");
    let refused = stack.post_message("hello?").await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.body);
    assert_eq!(refused.content_type, "application/problem+json");
}

async fn assert_sends_work(stack: &Stack) {
    eventually("the page reports no problem", async || problems(stack).await.is_empty()).await;
    eventually("a message is accepted", async || stack.post_message("hello!").await.status == 202)
        .await;
}

// Row 14.
#[tokio::test]
async fn a_burst_survives_kill_9_of_the_broker_and_the_page_reports_it() {
    let mut stack = Stack::start().await;
    let id = burst(&stack, 6).await;
    stack.kill(BROKER).await;
    assert_sends_are_refused(&stack).await;
    stack.start_again(BROKER).await;
    settles_within(&stack, "row 14", HEALED).await;
    assert_kept(&stack, &id).await;
    assert_sends_work(&stack).await;
}

// Row 15.
#[tokio::test]
async fn no_message_counts_as_sent_while_the_broker_is_a_black_hole() {
    let stack = Setup::default().tcp_proxies().start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    let id = burst(&stack, 6).await;
    stack.break_between("", BROKER, Fault::BlackHole);
    lasts(Duration::from_secs(30), async || {
        // In this order, because more records may be acknowledged between the two reads.
        let accepted = stack.burst(&id).await.accepted;
        let in_kafka: i64 = kafka.high_watermarks(TOPIC).await.values().sum();
        assert!(
            i64::try_from(accepted).is_ok_and(|accepted| accepted <= in_kafka),
            "{accepted} of {in_kafka}"
        );
    })
    .await;
    assert_sends_are_refused(&stack).await;
    stack.heal();
    settles_within(&stack, "row 15", HEALED).await;
    assert_kept(&stack, &id).await;
    assert_sends_work(&stack).await;
}

// Row 16.
#[tokio::test]
async fn every_service_starts_without_a_broker_reports_it_and_heals() {
    let mut stack = Setup::default().later(BROKER).start().await;
    for service in [HOMEPAGE, ROUTER] {
        let mut answer = stack.readiness(service).await;
        eventually("a service says that Kafka cannot be reached", async || {
            answer = stack.readiness(service).await;
            let kafka = &answer.body["dependencies"]["kafka"];
            kafka["reason"].as_str().is_some_and(|reason| reason.contains("cannot be reached"))
        })
        .await;
        assert_eq!(answer.status.as_u16(), 503, "{service}");
    }
    assert_sends_are_refused(&stack).await;
    stack.start_again(BROKER).await;
    let began = Instant::now();
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        within(HEALED, "the service is ready", async || stack.is_ready(service).await).await;
    }
    println!("row 16: ready in {:.1} s", began.elapsed().as_secs_f64());
    let id = burst(&stack, 2).await;
    assert_kept(&stack, &id).await;
}

//! The topic is missing, and may or may not be created.

use client::{
    eventually::eventually,
    kafka::{DEAD_TOPIC, Kafka, TOPIC},
};
use rdkafka::mocking::MockCluster;
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::load::{assert_kept, burst};

/// `KAFKA_PARTITIONS` of a stack; see `plan`.
const PARTITIONS: usize = 4;

// Row 17, if the services may create topics.
#[tokio::test]
async fn a_missing_topic_is_created() {
    let mut stack = Stack::start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    for service in [HOMEPAGE, ROUTER] {
        let status = stack.terminate(service).await;
        assert!(status.success(), "{service} ended with {status}");
    }
    for topic in [TOPIC, DEAD_TOPIC] {
        kafka.delete_topic(topic).await;
        eventually("the topic is gone", async || kafka.high_watermarks(topic).await.is_empty())
            .await;
    }
    stack.start_again(ROUTER).await;
    stack.start_again(HOMEPAGE).await;
    for topic in [TOPIC, DEAD_TOPIC] {
        eventually("the topic is there", async || {
            kafka.high_watermarks(topic).await.len() == PARTITIONS
        })
        .await;
    }
    // Also while the services run.
    kafka.delete_topic(DEAD_TOPIC).await;
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    kafka.send(TOPIC, "poison", "{ this is no message").await;
    let id = burst(&stack, 2).await;
    assert_kept(&stack, &id).await;
    assert_eq!(kafka.contents(DEAD_TOPIC).await.len(), 1);
}

// Row 17, if they may not.
#[tokio::test]
async fn a_missing_topic_that_cannot_be_created_is_named_and_services_heal_when_it_appears() {
    // librdkafka's mock cluster refuses to create topics.
    let broker = MockCluster::new(1).expect("a broker");
    let servers = broker.bootstrap_servers();
    let stack = Setup::default().later(BROKER);
    let stack = stack.var(HOMEPAGE, "KAFKA_SERVER", &servers).var(ROUTER, "KAFKA_SERVER", &servers);
    let stack = stack.start().await;
    for service in [HOMEPAGE, ROUTER] {
        eventually("a service names the missing topic", async || {
            let answer = stack.readiness(service).await;
            let kafka = &answer.body["dependencies"]["kafka"];
            let reason = kafka["reason"].as_str().unwrap_or_default();
            reason.contains("topic barrage-info does not exist and cannot be created")
        })
        .await;
    }
    assert_eq!(stack.post_message("hello?").await.status.as_u16(), 503);
    for topic in [TOPIC, DEAD_TOPIC] {
        broker.create_topic(topic, 4, 1).expect("a topic");
    }
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        eventually("the service is ready", async || stack.is_ready(service).await).await;
    }
    let burst = json!({ "message": "hello", "concurrency": 12, "duration": 2, "rate": 20 });
    let id = stack.send_burst(burst).await;
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
}

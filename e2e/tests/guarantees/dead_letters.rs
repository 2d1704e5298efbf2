//! The dead-letter topic cannot be written, or the router dies just after it has written a dead letter.

use std::time::Duration;

use client::{
    eventually::{eventually, lasts},
    kafka::{DEAD_TOPIC, GROUP, Kafka, TOPIC},
    message::Position,
};
use faults::tcp_proxy::Fault;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, ROUTER},
};

use crate::load::{assert_kept, burst, settles_within};

/// The `client.id` of the router's Kafka client that writes dead letters, and of the one that commits.
const WRITER: &str = "event-router-producer";
const READER: &str = "event-router-consumer";

/// How long the dead-letter topic cannot be written.
const OUTAGE: Duration = Duration::from_secs(8);

const POISON: &str = "{ this is no message";

/// A stack with a running burst and a poison record, whose dead letter cannot be written.
async fn poisoned() -> (Stack, String, Position) {
    let stack = Setup::default().tcp_proxies().start().await;
    let id = burst(&stack, 6).await;
    stack.break_between(WRITER, BROKER, Fault::BlackHole);
    let kafka = Kafka::at(stack.address(BROKER));
    let poison = kafka.send(TOPIC, "poison", POISON).await;
    let line_of_poison = format!("record {TOPIC}/{}@{} goes to", poison.partition, poison.offset);
    eventually("the router has read the poison", async || {
        stack.tail(ROUTER).iter().any(|line| line.contains(&line_of_poison))
    })
    .await;
    (stack, id, poison)
}

async fn committed(kafka: Kafka, partition: i32) -> i64 {
    kafka.committed(GROUP).await.get(&partition).copied().unwrap_or(0)
}

// Row 12.
#[tokio::test]
async fn while_the_dead_letter_topic_cannot_be_written_nothing_is_committed_past_the_poison() {
    let (stack, id, poison) = poisoned().await;
    let kafka = Kafka::at(stack.address(BROKER));
    lasts(OUTAGE, async || {
        assert!(committed(kafka, poison.partition).await <= poison.offset);
    })
    .await;
    assert_eq!(kafka.contents(DEAD_TOPIC).await.len(), 0);
    stack.heal();
    settles_within(&stack, "row 12", Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
    assert_eq!(kafka.contents(DEAD_TOPIC).await.len(), 1);
}

// Row 13.
#[tokio::test]
async fn a_router_killed_before_it_commits_a_dead_letter_writes_at_most_a_second_one() {
    let (mut stack, id, poison) = poisoned().await;
    let kafka = Kafka::at(stack.address(BROKER));
    stack.break_between(READER, BROKER, Fault::BlackHole);
    stack.break_between(WRITER, BROKER, Fault::None);
    eventually("the dead letter is written", async || kafka.contents(DEAD_TOPIC).await.len() == 1)
        .await;
    assert!(committed(kafka, poison.partition).await <= poison.offset);
    stack.kill(ROUTER).await;
    stack.heal();
    stack.start_again(ROUTER).await;
    settles_within(&stack, "row 13", Duration::from_secs(15)).await;
    assert_kept(&stack, &id).await;
    let dead = kafka.contents(DEAD_TOPIC).await;
    assert!(dead.values().all(|letter| letter.value.as_deref() == Some(POISON.as_bytes())));
    assert!((1..=2).contains(&dead.len()), "{} dead letters of one record", dead.len());
}

//! What nobody can store stops nobody else, and is kept with the reason.

use local::{
    bench::{
        kafka::{DEAD_TOPIC, Kafka, TOPIC},
        ledger::assert_complete,
    },
    eventually::eventually,
    plan::name::BROKER,
    stack::Stack,
};
use serde_json::json;

#[tokio::test]
async fn a_record_that_cannot_be_read_becomes_a_dead_letter_and_holds_up_nobody() {
    let stack = Stack::start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    let poison = kafka.send(TOPIC, "poison", "{ this is no message").await;
    let id = stack.send_burst(json!({ "message": "hi", "concurrency": 4, "duration": 1 })).await;
    let sent = stack.settled(&id).await.accepted;
    assert_complete(&stack, &id, sent).await;

    eventually("the poison is a dead letter", async || !kafka.records(DEAD_TOPIC).await.is_empty())
        .await;
    let dead = kafka.records(DEAD_TOPIC).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].value, poison.value);
    let header = |name: &str| dead[0].headers.get(name).cloned().unwrap_or_default();
    assert_eq!(header("barrage_source_topic"), TOPIC);
    assert_eq!(header("barrage_source_partition"), poison.partition.to_string());
    assert_eq!(header("barrage_source_offset"), poison.offset.to_string());
    assert!(!header("barrage_reason").is_empty());
    assert!(!header("barrage_attempts").is_empty());
    assert!(!header("barrage_failed_at").is_empty());
}

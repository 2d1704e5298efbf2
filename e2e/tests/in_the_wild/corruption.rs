//! Row 32: a batch that no client can read, because its bytes have changed on the disk of Kafka. This test stops Kafka,
//! so it has one of its own.

use std::{path::Path, time::Duration};

use client::{
    eventually::within,
    kafka::{DEAD_TOPIC, Kafka, TOPIC},
    message::Position,
};
use serde_json::Value;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, ROUTER},
};

use crate::{
    backend::{installed, topics},
    case::{Numbers, message},
    segments::corrupt,
};

const PARTITIONS: i32 = 4;

/// Where the batch lies that is changed.
const CORRUPT: Position = Position { partition: 2, offset: 1 };

/// How long noticing may take, and everything else.
const NOTICED: Duration = Duration::from_secs(30);

/// How the log, `/readyz` and the page begin to say it.
const SAYS: &str = "partition 2 cannot be read at offset 1";

/// Three records in each partition, each a batch of its own. Then one of them is changed while Kafka is stopped.
async fn with_a_corrupt_batch() -> Option<Stack> {
    let mut stack = Setup::default().backend(installed()?).start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    stack.terminate(ROUTER).await;
    for partition in 0..PARTITIONS {
        for n in 0..3 {
            let content = message(&format!("number {n} in {partition}"));
            kafka.send_all(TOPIC, "none", &[(partition, content)]).await;
        }
    }
    stack.terminate(BROKER).await;
    let folder = topics(stack.data_folder()).join(format!("{TOPIC}-{}", CORRUPT.partition));
    corrupt(Path::new(&folder), CORRUPT.offset, "number 1 in 2");
    stack.start_again(BROKER).await;
    stack.start_again(ROUTER).await;
    Some(stack)
}

async fn numbers(stack: &Stack) -> Numbers {
    let totals = stack.feed(None, 1).await.totals;
    assert!(totals.add_up(), "they do not add up: {totals:?}");
    Numbers::from(&totals)
}

/// What `/readyz` says of the partitions.
async fn partitions(stack: &Stack, service: &str) -> Value {
    stack.readiness(service).await.body["dependencies"]["partitions"].clone()
}

#[tokio::test]
async fn a_partition_with_a_corrupt_batch_is_named_and_all_others_go_on() {
    let Some(stack) = with_a_corrupt_batch().await else { return };
    let expected = Numbers { accepted: 12, stored: 10, waiting: 2, ..Numbers::default() };
    let mut seen = numbers(&stack).await;
    within(NOTICED, "all but the corrupt batch and what is behind it is stored", async || {
        seen = numbers(&stack).await;
        assert!(
            seen.stored <= 10 && seen.without_row == 0,
            "what cannot be read is finished: {seen:?}"
        );
        seen == expected
    })
    .await;
    for service in [ROUTER, HOMEPAGE] {
        within(NOTICED, "/readyz names the partition and the offset", async || {
            let says = partitions(&stack, service).await;
            says["reason"].as_str().is_some_and(|reason| reason.starts_with(SAYS))
        })
        .await;
    }
    // A homepage without this one partition is still of use, and must get requests.
    assert!(!stack.is_ready(ROUTER).await && stack.is_ready(HOMEPAGE).await);
    within(NOTICED, "the page names the partition and the offset", async || {
        let problems = stack.feed(None, 1).await.problems;
        let text = |problem: &Value| problem["text"].as_str().unwrap_or_default().to_owned();
        let text = problems.iter().find(|it| it["part"] == "partitions").map(text);
        text.is_some_and(|text| text.contains("partition 2") && text.contains("offset 1"))
    })
    .await;
    for partition in [0, 1, 3] {
        let kafka = Kafka::at(stack.address(BROKER));
        kafka.send_all(TOPIC, "none", &[(partition, message("meanwhile"))]).await;
    }
    let expected = Numbers { accepted: 15, stored: 13, waiting: 2, ..Numbers::default() };
    within(NOTICED, "all others go on", async || numbers(&stack).await == expected).await;
    let log = stack.log(ROUTER);
    let lines: Vec<_> = log.lines().filter(|line| line.contains(SAYS)).collect();
    assert!(lines.len() == 1 && lines[0].contains("WARN"), "{lines:#?}");
    assert_eq!(Kafka::at(stack.address(BROKER)).contents(DEAD_TOPIC).await.len(), 0);
    assert_goes_on_behind_a_deleted_batch(&stack).await;
}

/// What docs/operate.md says about it.
async fn assert_goes_on_behind_a_deleted_batch(stack: &Stack) {
    let kafka = Kafka::at(stack.address(BROKER));
    kafka.delete_records(TOPIC, &[(CORRUPT.partition, CORRUPT.offset + 1)]).await;
    let expected = Numbers { accepted: 15, stored: 14, expired: 1, ..Numbers::default() };
    within(NOTICED, "behind a deleted batch the partition goes on", async || {
        numbers(stack).await == expected && stack.is_ready(ROUTER).await
    })
    .await;
}

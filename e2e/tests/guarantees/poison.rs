//! Records that nobody can store.

mod cases;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use client::{
    eventually::eventually,
    kafka::{Content, DEAD_TOPIC, Kafka, TOPIC},
    message::Position,
};
use stack::{
    Stack,
    plan::name::{BROKER, ROUTER},
};
use uuid::Uuid;

use self::cases::{Poison, fields};
use crate::load::settles_within;

/// `KAFKA_PARTITIONS` of a stack; see `plan`.
const PARTITIONS: i32 = 4;

/// A burst of good messages over all partitions.
struct Good {
    burst: String,
    sent: usize,
}

impl Good {
    async fn send(&mut self, kafka: Kafka, partition: i32) {
        self.sent += 1;
        let mut fields = fields(&self.burst, partition + 1, self.sent);
        // Unusual, but not poison: an unknown field, a header that is not UTF-8, an empty key.
        fields["more"] = "than asked for".into();
        let content = Content::message(fields.to_string()).header("x-any", [0xff]);
        let key = self.sent.is_multiple_of(2).then(Vec::new);
        kafka.send_content(TOPIC, partition, &Content { key, ..content }).await;
    }
}

/// Sends each poison record after a good message, so that the last record of every partition is poison.
async fn send(kafka: Kafka, good: &mut Good, poison: Vec<Poison>) -> BTreeMap<Position, Poison> {
    let mut sent = BTreeMap::new();
    for (it, partition) in poison.into_iter().zip((0..PARTITIONS).cycle()) {
        good.send(kafka, partition).await;
        let place = match it.odd_name {
            None => kafka.send_content(TOPIC, partition, &it.content).await,
            Some(name) => kafka.send_with_header_name(TOPIC, partition, &it.content, name).await,
        };
        sent.insert(place, it);
    }
    sent
}

/// The dead letters, by the position of their original record.
async fn dead_letters(kafka: Kafka) -> BTreeMap<Position, Content> {
    let number = |letter: &Content, name: &str| -> i64 {
        let text = letter.text(name).unwrap_or_else(|| panic!("{name} is missing"));
        text.parse().unwrap_or_else(|_| panic!("{name} is {text}"))
    };
    let place = |letter: &Content| {
        let partition = number(letter, "barrage_source_partition");
        let partition = i32::try_from(partition).expect("a partition");
        Position { partition, offset: number(letter, "barrage_source_offset") }
    };
    let letters: Vec<_> = kafka.contents(DEAD_TOPIC).await.into_values().collect();
    let by_place: BTreeMap<_, _> = letters.iter().map(|it| (place(it), it.clone())).collect();
    assert_eq!(by_place.len(), letters.len(), "one dead letter for each record");
    by_place
}

/// A dead letter has the record's bytes, and headers that say why, how often, from where and when.
fn assert_is_dead_letter(letter: &Content, of: &Poison, at: Position) {
    let what = of.what;
    assert_eq!((&letter.key, &letter.value), (&of.content.key, &of.content.value), "{what}");
    let (original, added) = letter.headers.split_at(of.content.headers.len());
    assert_eq!(original, of.content.headers, "{what}");
    let names: Vec<_> = added.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["barrage_reason", "barrage_attempts"]);
    assert_eq!(names[5..], ["barrage_failed_at"]);
    let reason = letter.text("barrage_reason").unwrap_or_default();
    assert!(reason.starts_with(&of.reason), "{what}: {reason}");
    assert_eq!(letter.text("barrage_attempts"), Some(of.attempts), "{what}");
    assert_eq!(letter.text("barrage_source_topic"), Some(TOPIC));
    assert_eq!(letter.text("barrage_source_partition"), Some(at.partition.to_string().as_str()));
    assert_eq!(letter.text("barrage_source_offset"), Some(at.offset.to_string().as_str()));
}

fn assert_is_recent(letter: &Content, started: SystemTime) {
    let text = letter.text("barrage_failed_at").unwrap_or_default();
    let failed_at = DateTime::from_str(text, DateTimeFormat::DateTime).map(SystemTime::try_from);
    let failed_at = failed_at.expect("RFC 3339").expect("a time that SystemTime can represent");
    // The header has whole milliseconds.
    let since = started - Duration::from_millis(1);
    assert!((since..=SystemTime::now()).contains(&failed_at), "{text}");
}

// Row 11.
#[tokio::test]
async fn every_kind_of_poison_becomes_one_dead_letter_and_blocks_nothing() {
    let started = SystemTime::now();
    let stack = Stack::start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    let mut good = Good { burst: Uuid::now_v7().to_string(), sent: 0 };
    let poison = send(kafka, &mut good, cases::all()).await;
    let what = format!("row 11: {} kinds", poison.len());
    settles_within(&stack, what, Duration::from_secs(15)).await;
    stack.assert_complete(&good.burst, good.sent as u64).await;
    for partition in 0..PARTITIONS {
        good.send(kafka, partition).await;
    }
    all_stored(&stack, &good).await;

    let letters = dead_letters(kafka).await;
    assert_eq!(letters.len(), poison.len());
    for (place, letter) in &letters {
        assert_is_dead_letter(letter, &poison[place], *place);
        assert_is_recent(letter, started);
    }
    assert_counted(&stack, poison.len()).await;
    stack.assert_nothing_panicked();
}

async fn all_stored(stack: &Stack, good: &Good) {
    eventually("all good messages are stored", async || {
        stack.ledger(&good.burst).await.stored() == good.sent
    })
    .await;
    settles_within(stack, "row 11: good messages", Duration::from_secs(15)).await;
    stack.assert_complete(&good.burst, good.sent as u64).await;
}

async fn assert_counted(stack: &Stack, dead: usize) {
    let counted = stack.metric(ROUTER, "router_records_total{outcome=\"dead_lettered\"}").await;
    assert_eq!(counted, dead as f64);
    eventually("the page counts the dead letters", async || {
        let totals = stack.feed(None, 1).await.totals;
        (totals.finished_without_row, totals.waiting) == (dead as u64, 0)
    })
    .await;
}

// Row 11, with records so large that a dead letter with its headers would be too large for Kafka.
#[tokio::test]
async fn the_largest_poison_leaves_a_dead_letter_with_its_position() {
    let stack = Stack::start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    // The broker accepts 1,048,588 bytes. About 80 of them are not key, value or headers.
    let large = || vec![b'x'; 1_048_400];
    let mut good = Good { burst: Uuid::now_v7().to_string(), sent: 0 };
    let mut sent = Vec::new();
    for content in [
        Content { value: Some(large()), ..Content::default() },
        Content { key: Some(large()), ..Content::default() },
        Content::default().header("x-any", large()),
    ] {
        good.send(kafka, 0).await;
        sent.push(kafka.send_content(TOPIC, 0, &content).await);
    }
    settles_within(&stack, "row 11: three records of 1 MiB", Duration::from_secs(15)).await;
    all_stored(&stack, &good).await;
    let letters = dead_letters(kafka).await;
    assert_eq!(letters.len(), sent.len());
    for (place, dropped) in sent.iter().zip(["value", "record", "record"]) {
        let letter = &letters[place];
        assert_eq!((&letter.key, &letter.value), (&None, &None));
        assert_eq!(letter.headers.len(), 7);
        assert_eq!(letter.text(&format!("barrage_{dropped}_dropped")), Some("true"));
    }
    assert_counted(&stack, sent.len()).await;
}

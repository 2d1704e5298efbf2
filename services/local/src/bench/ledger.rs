//! The tests' own account of a burst, message by message: what Kafka took, and what became of it.
//! It reads Kafka and the table with clients of its own, so it does not share our mistakes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Deserialize;

use super::{
    kafka::{DEAD_TOPIC, GROUP, Kafka, Record, TOPIC},
    rows::{Row, Rows, text},
};
use crate::{
    plan::name::{BROKER, TABLE},
    stack::Stack,
};

/// A message, wherever it lies.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    burst: String,
    sender: u32,
    seq: u32,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.burst, self.sender, self.seq)
    }
}

/// What became of each message of a burst.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How often each lies in the topic.
    accepted: BTreeMap<Id, u32>,
    /// How many rows each has.
    stored: BTreeMap<Id, u32>,
    /// How many dead letters each has.
    dead: BTreeMap<Id, u32>,
    /// Those that the router has not committed yet.
    waiting: BTreeSet<Id>,
}

impl Ledger {
    /// The account of one burst as it stands.
    pub async fn of(stack: &Stack, burst: &str) -> Self {
        let kafka = Kafka::at(stack.address(BROKER));
        // In this order, so that what moves on meanwhile is seen at its newer place at least.
        let committed = kafka.committed(GROUP).await;
        let records = kafka.records(TOPIC).await;
        let dead = kafka.records(DEAD_TOPIC).await;
        let rows = Rows::at(stack.address(TABLE)).all().await;
        let is_open = |record: &&Record| {
            record.offset >= committed.get(&record.partition).copied().unwrap_or(0)
        };
        let of_burst = |id: &Id| id.burst == burst;
        Self {
            accepted: count(records.iter().filter_map(id_of_record).filter(of_burst)),
            stored: count(rows.iter().filter_map(id_of_row).filter(of_burst)),
            dead: count(dead.iter().filter_map(id_of_record).filter(of_burst)),
            waiting: records.iter().filter(is_open).filter_map(id_of_record).collect(),
        }
    }

    /// How many messages Kafka took.
    pub fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// How many messages have a row.
    pub fn stored(&self) -> usize {
        self.stored.len()
    }

    /// How many messages are dead letters.
    pub fn dead(&self) -> usize {
        self.dead.len()
    }

    /// Each message whose end breaks a promise, and how. Where a filter is set, the filtered count
    /// as lost, since they leave no trace of their own.
    pub fn faults(&self) -> Vec<String> {
        let everyone: BTreeSet<_> =
            self.accepted.keys().chain(self.stored.keys()).chain(self.dead.keys()).collect();
        everyone.into_iter().filter_map(|id| Some(format!("{}: {id}", self.fault(id)?))).collect()
    }

    fn fault(&self, id: &Id) -> Option<&'static str> {
        let [accepted, stored, dead] = [&self.accepted, &self.stored, &self.dead]
            .map(|counted| counted.get(id).copied().unwrap_or(0));
        match (accepted, stored, dead) {
            (0, ..) => Some("invented"),
            (_, 0, 0) if self.waiting.contains(id) => Some("waiting"),
            (_, 0, 0) => Some("lost"),
            (1, 1, 0) | (1, 0, 1) => None,
            _ => Some("twice"),
        }
    }
}

fn count(ids: impl Iterator<Item = Id>) -> BTreeMap<Id, u32> {
    let mut counted = BTreeMap::new();
    for id in ids {
        *counted.entry(id).or_default() += 1;
    }
    counted
}

/// Nothing for a record that is not a message: a test's poison.
fn id_of_record(record: &Record) -> Option<Id> {
    serde_json::from_slice(&record.value).ok()
}

/// Nothing for a row that is a burst's own.
fn id_of_row(row: &Row) -> Option<Id> {
    let burst = text(row, "burst")?;
    let sender = text(row, "sender")?.parse().ok()?;
    let seq = text(row, "seq")?.parse().ok()?;
    Some(Id { burst, sender, seq })
}

/// Fails unless the burst's messages all ended as promised; there must be `accepted` of them.
pub async fn assert_complete(stack: &Stack, burst: &str, accepted: u64) {
    let ledger = Ledger::of(stack, burst).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert_eq!(ledger.accepted() as u64, accepted);
    assert_eq!(ledger.stored() + ledger.dead(), ledger.accepted());
}

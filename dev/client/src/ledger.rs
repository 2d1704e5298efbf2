//! The tests' own account of a burst, message by message: what Kafka took, and what became of it.
//! It reads Kafka and the table with clients of its own, so it does not share our mistakes.

mod order;

use std::{collections::BTreeMap, fmt, net::SocketAddr};

use serde::Deserialize;

use crate::{
    kafka::{DEAD_TOPIC, GROUP, Kafka, Record, TOPIC},
    rows::{Row, Rows, text},
};

/// A message, wherever it lies.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Its burst; a single message is a burst of its own.
    pub burst: String,
    /// By which sender of the burst.
    pub sender: u32,
    /// Its number within the sender, from 1.
    pub seq: u32,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.burst, self.sender, self.seq)
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has one row.
    Stored,
    /// The filters let it end there, and it has left no trace.
    Filtered,
    /// It is one dead letter.
    Dead,
    /// The router has not committed it yet.
    Waiting,
    /// It is nowhere, and nobody will look for it.
    Lost,
    /// It is there more often than once: in the topic, as a row, or as a row and a dead letter.
    Twice,
    /// It is several dead letters, which a router may leave that dies in the midst of one.
    BuriedTwice,
    /// The filters hold it back, and still it has a row or is a dead letter.
    LetThrough,
    /// Kafka never took it, and still it has a row or is a dead letter.
    Invented,
}

/// Where the evidence lies.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// Where Kafka listens.
    pub broker: SocketAddr,
    /// Where the table listens.
    pub table: SocketAddr,
}

/// What is known of each message.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<Id, Account>);

#[derive(Debug, Default)]
struct Account {
    accepted: u32,
    stored: u32,
    dead: u32,
    filtered: bool,
    waiting: bool,
    out_of_order: bool,
}

/// What the account is made of.
#[derive(Debug, Default)]
struct Evidence {
    committed: BTreeMap<i32, i64>,
    records: Vec<Record>,
    dead: Vec<Record>,
    rows: Vec<Row>,
}

impl Ledger {
    /// The account of all bursts that are `wanted`, with what the router's filters do not let pass: the
    /// filtered leave no trace of their own.
    pub async fn of(
        sources: Sources,
        wanted: impl Fn(&Id) -> bool,
        filtered: impl Fn(&Record) -> bool,
    ) -> Self {
        Evidence::of(sources).await.account(wanted, filtered)
    }

    /// How many messages of each burst Kafka took.
    pub fn bursts(&self) -> BTreeMap<&str, u64> {
        by_burst(self.those(|account| account.accepted > 0))
    }

    /// How many messages of each burst have a row.
    pub fn rows(&self) -> BTreeMap<&str, u64> {
        by_burst(self.those(|account| account.stored > 0))
    }

    /// How many messages Kafka took.
    pub fn accepted(&self) -> usize {
        self.those(|account| account.accepted > 0).count()
    }

    /// How many messages have a row.
    pub fn stored(&self) -> usize {
        self.those(|account| account.stored > 0).count()
    }

    /// How many messages are dead letters.
    pub fn dead(&self) -> usize {
        self.those(|account| account.dead > 0).count()
    }

    /// The messages that ended so.
    pub fn ended(&self, end: End) -> Vec<&Id> {
        self.those(|account| account.end() == end).collect()
    }

    /// The messages that lie behind one that their sender has sent later.
    pub fn out_of_order(&self) -> Vec<&Id> {
        self.those(|account| account.out_of_order).collect()
    }

    /// Each message whose end breaks a promise, and how.
    pub fn faults(&self) -> Vec<String> {
        let is_kept = |end| matches!(end, End::Stored | End::Filtered | End::Dead);
        let ends = self.0.iter().map(|(id, account)| (account.end(), id));
        let broken =
            ends.filter(|(end, _)| !is_kept(*end)).map(|(end, id)| format!("{end:?}: {id}"));
        let order = self.out_of_order().into_iter().map(|id| format!("out of order: {id}"));
        broken.chain(order).collect()
    }

    fn those(&self, are: impl Fn(&Account) -> bool) -> impl Iterator<Item = &Id> {
        self.0.iter().filter(move |(_, account)| are(account)).map(|(id, _)| id)
    }
}

fn by_burst<'a>(ids: impl Iterator<Item = &'a Id>) -> BTreeMap<&'a str, u64> {
    let mut bursts = BTreeMap::new();
    for id in ids {
        *bursts.entry(id.burst.as_str()).or_default() += 1;
    }
    bursts
}

impl Account {
    fn end(&self) -> End {
        match (self.accepted, self.stored, self.dead) {
            (0, ..) => End::Invented,
            (2.., ..) | (1, 2.., _) | (1, 1, 1..) => End::Twice,
            (1, 1, 0) | (1, 0, 1..) if self.filtered => End::LetThrough,
            (1, 1, 0) => End::Stored,
            (1, 0, 1) => End::Dead,
            (1, 0, 2..) => End::BuriedTwice,
            (1, 0, 0) if self.waiting => End::Waiting,
            (1, 0, 0) if self.filtered => End::Filtered,
            (1, 0, 0) => End::Lost,
        }
    }
}

impl Evidence {
    async fn of(sources: Sources) -> Self {
        let kafka = Kafka::at(sources.broker);
        // In this order, so that what moves on meanwhile is seen at its newer place at least.
        let committed = kafka.committed(GROUP).await;
        let records = kafka.records(TOPIC).await;
        let dead = kafka.records(DEAD_TOPIC).await;
        let rows = Rows::at(sources.table).all().await;
        Self { committed, records, dead, rows }
    }

    fn account(&self, wanted: impl Fn(&Id) -> bool, filtered: impl Fn(&Record) -> bool) -> Ledger {
        let mut accounts = BTreeMap::<Id, Account>::new();
        let message = |record| Some((record, id_of_record(record).filter(&wanted)?));
        for (record, id) in self.records.iter().filter_map(message) {
            let account = accounts.entry(id).or_default();
            let next = self.committed.get(&record.partition).copied().unwrap_or(0);
            account.accepted += 1;
            account.waiting |= record.offset >= next;
            account.filtered |= filtered(record);
        }
        for (_, id) in self.dead.iter().filter_map(message) {
            accounts.entry(id).or_default().dead += 1;
        }
        for id in self.rows.iter().filter_map(id_of_row).filter(&wanted) {
            accounts.entry(id).or_default().stored += 1;
        }
        let behind = [order::of_records(&self.records), order::of_rows(&self.rows)].concat();
        for id in behind.into_iter().filter(&wanted) {
            accounts.entry(id).or_default().out_of_order = true;
        }
        Ledger(accounts)
    }
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

#[cfg(test)]
mod tests;

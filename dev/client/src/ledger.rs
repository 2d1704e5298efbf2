//! The tests' ledger: what became of every message of a stack, as Kafka and the table have it.
//!
//! It reads both with clients of its own, so it does not share our mistakes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use crate::{
    accounts::{Account, Accounts},
    kafka::{Content, DEAD_TOPIC, GROUP, Kafka, TOPIC},
    message::{MessageId, Position, out_of_order},
    table::{Row, Table, text},
};

/// Names a message with its burst as the text that it is: one that is no UUID is no reason to lose the message.
pub type Id = MessageId<String>;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has exactly one row.
    Stored,
    /// The router's filters hold it back, and it left no trace.
    Filtered,
    /// It is one dead letter.
    DeadLettered,
    /// The router has not committed it yet.
    Waiting,
    /// It is nowhere, although the router has committed it.
    Lost,
    /// It is there more often than once: in the topic, as a row, or as a row and a dead letter.
    Twice,
    /// It is several dead letters. A router that dies before it could commit may leave that behind.
    DeadLetteredTwice,
    /// The filters hold it back, and still it has a row or is a dead letter.
    NotFiltered,
    /// Kafka never accepted it, and still it has a row or is a dead letter.
    NeverAccepted,
}

/// Where the evidence is: the addresses of Kafka and of the table.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    pub broker: SocketAddr,
    pub table: SocketAddr,
}

/// What is known of each message.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Accounts<Id>,
    /// What the filters hold back.
    filtered: BTreeSet<Id>,
    /// What the router has not committed yet.
    waiting: BTreeSet<Id>,
    out_of_order: BTreeSet<Id>,
}

/// All that a ledger is made of.
#[derive(Debug, Default)]
struct Evidence {
    committed: BTreeMap<i32, i64>,
    records: BTreeMap<Position, Content>,
    dead_letters: BTreeMap<Position, Content>,
    rows: Vec<Row>,
}

/// A row that cannot be counted, so that nothing is known of its message.
#[derive(Debug, thiserror::Error)]
#[error("this row is neither that of a message nor that of a burst: {0:?}")]
struct UnreadableRow(Row);

impl Ledger {
    /// The ledger of all messages that are `wanted`. `filtered` says which records the router's filters hold back:
    /// those leave no trace of their own.
    ///
    /// Panics if a row cannot be read.
    pub async fn of(
        sources: Sources,
        wanted: impl Fn(&Id) -> bool,
        filtered: impl Fn(&Content) -> bool,
    ) -> Self {
        let ledger = Evidence::of(sources).await.ledger(wanted, filtered);
        ledger.unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many messages of each burst Kafka accepted.
    pub fn bursts(&self) -> BTreeMap<String, u64> {
        self.by_burst(|account| account.accepted > 0)
    }

    /// How many messages of each burst have a row.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.by_burst(|account| account.rows() > 0)
    }

    /// How many messages Kafka accepted.
    pub fn accepted(&self) -> usize {
        self.count(|account| account.accepted > 0)
    }

    /// How many messages have a row.
    pub fn stored(&self) -> usize {
        self.count(|account| account.rows() > 0)
    }

    /// How many messages are dead letters.
    pub fn dead(&self) -> usize {
        self.count(|account| account.dead_letters > 0)
    }

    /// The messages that ended so.
    pub fn ended(&self, end: End) -> Vec<&Id> {
        let ended = self.accounts.iter().filter(|(id, account)| self.end(id, account) == end);
        let mut ids: Vec<_> = ended.map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    /// The messages that lie behind one that their sender sent later.
    pub fn out_of_order(&self) -> Vec<&Id> {
        self.out_of_order.iter().collect()
    }

    /// Each message that breaks a promise, and how.
    pub fn faults(&self) -> Vec<String> {
        let is_kept = |end| matches!(end, End::Stored | End::Filtered | End::DeadLettered);
        let ends = self.accounts.iter().map(|(id, account)| (id, self.end(id, account)));
        let mut broken: Vec<_> = ends.filter(|(_, end)| !is_kept(*end)).collect();
        broken.sort_by_key(|(id, _)| *id);
        let broken = broken.into_iter().map(|(id, end)| format!("{end:?}: {id}"));
        let order = self.out_of_order.iter().map(|id| format!("out of order: {id}"));
        broken.chain(order).collect()
    }

    fn end(&self, id: &Id, account: &Account) -> End {
        let is_filtered = self.filtered.contains(id);
        match (account.accepted, account.rows(), account.dead_letters) {
            (0, ..) => End::NeverAccepted,
            (2.., ..) | (1, 2.., _) | (1, 1, 1..) => End::Twice,
            (1, 1, 0) | (1, 0, 1..) if is_filtered => End::NotFiltered,
            (1, 1, 0) => End::Stored,
            (1, 0, 1) => End::DeadLettered,
            (1, 0, 2..) => End::DeadLetteredTwice,
            (1, 0, 0) if self.waiting.contains(id) => End::Waiting,
            (1, 0, 0) if is_filtered => End::Filtered,
            (1, 0, 0) => End::Lost,
        }
    }

    fn count(&self, is_counted: impl Fn(&Account) -> bool) -> usize {
        self.accounts.iter().filter(|(_, account)| is_counted(account)).count()
    }

    fn by_burst(&self, is_counted: impl Fn(&Account) -> bool) -> BTreeMap<String, u64> {
        let mut bursts = BTreeMap::new();
        for (id, _) in self.accounts.iter().filter(|(_, account)| is_counted(account)) {
            *bursts.entry(id.burst.clone()).or_default() += 1;
        }
        bursts
    }
}

impl Evidence {
    async fn of(sources: Sources) -> Self {
        let kafka = Kafka::at(sources.broker);
        // In this order a message that moves on meanwhile is seen at least at its newer place.
        let committed = kafka.committed(GROUP).await;
        let records = kafka.contents(TOPIC).await;
        let dead_letters = kafka.contents(DEAD_TOPIC).await;
        let rows = Table::at(sources.table).all().await;
        Self { committed, records, dead_letters, rows }
    }

    fn ledger(
        &self,
        wanted: impl Fn(&Id) -> bool,
        filtered: impl Fn(&Content) -> bool,
    ) -> Result<Ledger, UnreadableRow> {
        let mut ledger = Ledger::default();
        let id = |record: &Content| id_of_record(record).filter(&wanted);
        let mut records = Vec::new();
        for (position, record) in &self.records {
            let Some(id) = id(record) else { continue };
            ledger.accounts.accept(id.clone(), *position);
            if filtered(record) {
                ledger.filtered.insert(id.clone());
            }
            if position.offset >= self.committed.get(&position.partition).copied().unwrap_or(0) {
                ledger.waiting.insert(id.clone());
            }
            records.push((id, *position));
        }
        self.dead_letters
            .values()
            .filter_map(id)
            .for_each(|id| ledger.accounts.see_dead_letter(id));
        let mut rows = self.stored()?;
        rows.retain(|(id, _)| wanted(id));
        for (id, position) in &rows {
            ledger.accounts.see_row(id.clone(), *position, false);
        }
        ledger.out_of_order =
            [out_of_order(records), out_of_order(rows)].concat().into_iter().collect();
        Ok(ledger)
    }

    /// The messages that have a row, and its position.
    fn stored(&self) -> Result<Vec<(Id, Position)>, UnreadableRow> {
        let of_messages = self.rows.iter().filter(|row| !is_of_burst(row));
        let message =
            |row| id_and_position_of_row(row).ok_or_else(|| UnreadableRow(Row::clone(row)));
        of_messages.map(message).collect()
    }
}

/// `None` for a record that is no message.
fn id_of_record(record: &Content) -> Option<Id> {
    serde_json::from_slice(record.value.as_deref()?).ok()
}

/// Bursts have rows of their own: how far they are.
fn is_of_burst(row: &Row) -> bool {
    text(row, "shard").is_some_and(|shard| shard.starts_with("burst#"))
}

/// `None` where something is missing. The shard of a message ends in its partition and bucket: `…#2#0`.
fn id_and_position_of_row(row: &Row) -> Option<(Id, Position)> {
    let burst = text(row, "burst")?;
    let (sender, seq) = (text(row, "sender")?.parse().ok()?, text(row, "seq")?.parse().ok()?);
    let partition = text(row, "shard")?.rsplit('#').nth(1)?.parse().ok()?;
    let offset = text(row, "offset")?.parse().ok()?;
    Some((Id { burst, sender, seq }, Position { partition, offset }))
}

#[cfg(test)]
mod tests;

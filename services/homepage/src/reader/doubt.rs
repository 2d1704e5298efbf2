//! Which rows are believed.
//!
//! A row's key is its record's position. When somebody deletes the topic and makes it anew, offsets
//! restart, and rows of the old records lie under the keys of new ones until those are stored. So what
//! was there before a run of the reader began is in doubt: such a row is believed only if the record
//! that lies at its place now has its id.

use std::collections::{BTreeMap, BTreeSet};

use barrage::kafka::{self, EventIds};
use barrage::position::{Offset, Partition, Shard};
use barrage::table::{self, Row, Table};

/// What is in doubt of one partition in one run.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// Below lies what was there before.
    until: Offset,
    /// Up to where rows were looked for that were there before their records.
    looked: Offset,
    /// Rows that are of an earlier topic, by their place, so that Kafka is asked only once.
    stale: BTreeMap<Offset, String>,
    /// The place and the id of the furthest row that was believed.
    furthest: Option<(Offset, String)>,
}

impl Doubt {
    /// How many records are read in one question to Kafka.
    const ASKED: i64 = 500;

    /// Below lies what was there before this run.
    pub(super) fn until(&self) -> Offset {
        self.until
    }

    /// A shard is read: when that is the first time, the rows that it has already are in doubt.
    pub(super) async fn enter(&mut self, shard: &Shard, table: &Table) -> Result<(), table::Error> {
        if self.looked >= shard.end() {
            return Ok(());
        }
        if let Some(furthest) = table.last_offset(shard).await? {
            self.until = self.until.max(furthest.next());
        }
        self.looked = shard.end();
        Ok(())
    }

    /// Those of the partition's rows that are believed. All below `finished` is read no more.
    pub(super) async fn believed(
        &mut self,
        partition: Partition,
        finished: Offset,
        rows: Vec<Row>,
        ids: &EventIds,
    ) -> Result<Vec<Row>, kafka::Error> {
        self.stale = self.stale.split_off(&finished);
        let mut open = unknown(&rows, self.until, &self.stale);
        let mut now = BTreeMap::new();
        while let Some(from) = open.first().copied() {
            let to = from.plus(Self::ASKED);
            now.extend(ids.between(partition, from, to).await?);
            open = open.split_off(&to);
        }
        let (until, stale) = (self.until, &mut self.stale);
        let believed = rows.into_iter().filter(|row| is_believed(row, until, &now, stale));
        let believed: Vec<_> = believed.collect();
        let furthest = believed.iter().map(|row| (row.position.offset, &row.id)).max();
        if let Some((offset, id)) =
            furthest.filter(|it| self.furthest.as_ref().is_none_or(|f| f.0 < it.0))
        {
            self.furthest = Some((offset, id.clone()));
        }
        Ok(believed)
    }

    /// Whether another record lies now where the furthest row was believed: then the topic was made anew.
    pub(super) async fn is_another(
        &self,
        partition: Partition,
        ids: &EventIds,
    ) -> Result<bool, kafka::Error> {
        let Some((offset, id)) = &self.furthest else { return Ok(false) };
        let now = ids.between(partition, *offset, offset.next()).await?;
        Ok(now.get(offset).is_some_and(|now| now != id))
    }
}

/// The places of the rows in doubt of which nothing is known yet.
fn unknown(rows: &[Row], until: Offset, stale: &BTreeMap<Offset, String>) -> BTreeSet<Offset> {
    let rows = rows.iter().filter(|row| row.position.offset < until);
    let unknown = rows.filter(|row| stale.get(&row.position.offset) != Some(&row.id));
    unknown.map(|row| row.position.offset).collect()
}

/// Whether a row is of the record at its place; `now` has the ids of those that were asked for.
fn is_believed(
    row: &Row,
    until: Offset,
    now: &BTreeMap<Offset, String>,
    stale: &mut BTreeMap<Offset, String>,
) -> bool {
    let offset = row.position.offset;
    let believed = offset >= until || now.get(&offset) == Some(&row.id);
    if !believed {
        stale.insert(offset, row.id.clone());
    }
    believed
}

#[cfg(test)]
mod tests;

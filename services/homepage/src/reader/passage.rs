//! Reads the rows of one partition that must come.

use barrage::position::{Offset, Partition, Position, Shard};
use barrage::table::{Consistency, Range, Row, Table};

use super::doubt::Doubt;
use super::tracker::Tracker;
use super::{Error, Parts};

/// One partition in one round.
pub(super) struct Passage<'a> {
    pub(super) parts: &'a Parts,
    pub(super) partition: Partition,
    pub(super) tracker: &'a mut Tracker,
    pub(super) doubt: &'a mut Doubt,
    /// Learnt before the rows are read: a row is written before its offset is committed.
    pub(super) committed: Offset,
}

impl Passage<'_> {
    /// How many rows one request asks for.
    const PAGE: i32 = 500;
    /// How many requests one round makes for a partition, so that a round stays short.
    const PAGES: usize = 4;

    /// The rows that were not seen before, and whether all could be read. What was read before an error is
    /// kept.
    pub(super) async fn read(mut self) -> (Vec<Row>, Result<(), Error>) {
        let mut rows = Vec::new();
        let read = self.read_into(&mut rows).await;
        (rows, read)
    }

    async fn read_into(&mut self, rows: &mut Vec<Row>) -> Result<(), Error> {
        let (mut from, end) = (self.tracker.frontier(), self.tracker.end());
        for _ in 0..Self::PAGES {
            if from >= end {
                break;
            }
            let shard = Shard::of(&self.parts.topic, self.partition, from);
            let to = end.min(shard.end());
            self.doubt.enter(&shard, &self.parts.table).await?;
            let consistency = Consistency::Eventual;
            let range = Range { from, to, limit: Self::PAGE, consistency };
            let page = self.parts.table.range(&shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            self.see(page.rows, rows).await?;
            from = last.filter(|_| page.more).unwrap_or(to);
        }
        self.tracker.committed(self.committed.min(from));
        self.close_gaps(rows).await
    }

    /// Keeps the rows that are believed and new.
    async fn see(&mut self, found: Vec<Row>, rows: &mut Vec<Row>) -> Result<(), Error> {
        let finished = self.tracker.finished();
        let believed =
            self.doubt.believed(self.partition, finished, found, &self.parts.ids).await?;
        let is_new = |row: &Row| self.tracker.saw(row.position.offset);
        rows.extend(believed.into_iter().filter(is_new));
        Ok(())
    }

    /// Asks again for what is missing below the furthest row. What was committed before that and still has
    /// no row was finished without one: it was filtered or dead-lettered.
    async fn close_gaps(&mut self, rows: &mut Vec<Row>) -> Result<(), Error> {
        let gaps = self.tracker.next_gaps(Table::READ_CHUNK);
        if gaps.is_empty() {
            return Ok(());
        }
        let (topic, partition) = (&self.parts.topic, self.partition);
        let at = |offset| Position { topic: topic.clone(), partition, offset };
        let asked: Vec<_> = gaps.into_iter().map(at).collect();
        let found = self.parts.table.get(&asked).await?;
        self.see(found.rows, rows).await?;
        for at in found.looked_up.iter().filter(|at| at.offset < self.committed) {
            self.tracker.finished_without_row(at.offset);
        }
        Ok(())
    }
}

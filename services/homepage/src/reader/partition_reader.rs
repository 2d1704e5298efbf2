//! Reads one partition: the rows that are new, and which records were finished without a row.

use barrage::kafka::{self, EventIds};
use barrage::position::{Offset, Partition, Position, Shard, Topic};
use barrage::table::{self, Consistency, Range, Row, Table};

use super::record_status::PartitionStatus;
use super::tracker::Tracker;
use super::verification::Verification;

/// Why a round could not be completed. Except for `TopicRecreated`, the next round goes on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The topic was deleted and created again: offsets begin again at 0.
    #[error("the topic was recreated")]
    TopicRecreated,
}

/// One partition in one run of the reader.
pub(super) struct PartitionReader {
    topic: Topic,
    partition: Partition,
    tracker: Tracker,
    verification: Verification,
    /// What the router's group has committed.
    committed: Option<Offset>,
}

impl PartitionReader {
    /// How many rows one request returns at most.
    const PAGE: i32 = 500;
    /// How many pages one round reads, so that a round stays short.
    const PAGES: usize = 4;

    pub(super) fn new(topic: Topic, partition: Partition, begin: Offset) -> Self {
        let (tracker, verification) = (Tracker::new(begin), Verification::default());
        Self { topic, partition, tracker, verification, committed: None }
    }

    pub(super) fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    pub(super) fn status(&self) -> PartitionStatus {
        let verify_below = self.verification.verify_below();
        PartitionStatus { tracker: self.tracker.clone(), verify_below }
    }

    /// Some records exist below `high_watermark`. A lower value than before is an older answer.
    pub(super) fn advance(&mut self, high_watermark: Offset) {
        self.tracker.advance(high_watermark);
    }

    /// Sets Kafka's current high watermark. If it went back, the topic was recreated.
    pub(super) fn set_high_watermark(&mut self, high_watermark: Offset) -> Result<(), Error> {
        if high_watermark < self.tracker.high_watermark() {
            return Err(Error::TopicRecreated);
        }
        self.tracker.advance(high_watermark);
        Ok(())
    }

    /// Sets the current commit of the router's group. If it went back, the topic may have been recreated, because a
    /// deleted topic loses its commits. But a late retry of the router can set a commit back as well, so a record is
    /// compared first.
    pub(super) async fn set_committed(
        &mut self,
        next: Option<Offset>,
        ids: &EventIds,
    ) -> Result<(), Error> {
        let went_back = self.committed.is_some_and(|before| next.is_none_or(|next| next < before));
        if went_back && self.verification.is_topic_recreated(self.partition, ids).await? {
            return Err(Error::TopicRecreated);
        }
        // A commit beyond the high watermark is one of a deleted topic.
        self.committed = next.filter(|next| *next <= self.tracker.high_watermark());
        Ok(())
    }

    /// One round. Returns the rows that were not read before, and whether all could be read. Rows that were read
    /// before an error are returned all the same.
    pub(super) async fn read(
        &mut self,
        table: &Table,
        ids: &EventIds,
    ) -> (Vec<Row>, Result<(), Error>) {
        let mut rows = Vec::new();
        let read = self.read_into(&mut rows, table, ids).await;
        (rows, read)
    }

    async fn read_into(
        &mut self,
        rows: &mut Vec<Row>,
        table: &Table,
        ids: &EventIds,
    ) -> Result<(), Error> {
        // A row is written before its offset is committed, so the commit must be known before rows are read.
        let committed = self.committed.unwrap_or_default();
        let (mut from, end) = (self.tracker.frontier(), self.tracker.high_watermark());
        for _ in 0..Self::PAGES {
            if from >= end {
                break;
            }
            let shard = Shard::of(&self.topic, self.partition, from);
            let to = end.min(shard.end());
            self.verification.enter(&shard, table).await?;
            let consistency = Consistency::Eventual;
            let range = Range { from, to, limit: Self::PAGE, consistency };
            let page = table.range(&shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            self.add(page.rows, rows, ids).await?;
            from = last.filter(|_| page.more).unwrap_or(to);
        }
        self.tracker.group_committed(committed.min(from));
        self.check_gaps(committed, rows, table, ids).await
    }

    /// Adds the rows that are new and not stale.
    async fn add(
        &mut self,
        found: Vec<Row>,
        rows: &mut Vec<Row>,
        ids: &EventIds,
    ) -> Result<(), Error> {
        let finished = self.tracker.finished();
        let verified = self.verification.verify(self.partition, finished, found, ids).await?;
        let is_new = |row: &Row| self.tracker.row_found(row.position.offset);
        rows.extend(verified.into_iter().filter(is_new));
        Ok(())
    }

    /// Looks up offsets in gaps. An offset that was committed before and has no row is finished without one: its
    /// record was filtered or dead-lettered.
    async fn check_gaps(
        &mut self,
        committed: Offset,
        rows: &mut Vec<Row>,
        table: &Table,
        ids: &EventIds,
    ) -> Result<(), Error> {
        let gaps = self.tracker.gaps_to_check(Table::READ_CHUNK);
        if gaps.is_empty() {
            return Ok(());
        }
        let (topic, partition) = (&self.topic, self.partition);
        let at = |offset| Position { topic: topic.clone(), partition, offset };
        let positions: Vec<_> = gaps.into_iter().map(at).collect();
        let found = table.get(&positions).await?;
        self.add(found.rows, rows, ids).await?;
        for at in found.looked_up.iter().filter(|at| at.offset < committed) {
            self.tracker.finished_without_row(at.offset);
        }
        Ok(())
    }
}

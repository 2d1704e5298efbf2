//! Reads one partition: the rows that are new, and which records were finished without a row.

use std::collections::BTreeSet;

use barrage::kafka::{self, OffsetContent, RecordScan, ScannedPartition};
use barrage::position::{Offset, Partition, Position, Shard, Topic};
use barrage::table::{self, Consistency, Range, Row, Table, Verdict};
use barrage::time::Millis;

use super::progress::Counts;
use super::record_status::PartitionStatus;
use super::row_verification::Verification;
use super::tracker::Tracker;

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
    /// The same at the last two polls of Kafka, the older one first.
    earlier_commits: [Option<Offset>; 2],
    /// The highest high watermark that Kafka has answered.
    polled: Offset,
    /// Offsets that Kafka has deleted. Those that the group has not committed and that have no row expire.
    deleted: Option<(Offset, Offset)>,
    /// Offsets that have expired while a router may have had their records in flight.
    expired: Option<(Offset, Offset)>,
    /// How many new rows counted, and how many of them were blocked.
    stored: u64,
    blocked: u64,
    /// The last place before which all was finished, and the counts of all before it.
    checkpoint: (Offset, Counts),
    /// What the group had committed when the run began. Then all before it was finished.
    finished_before: Offset,
    /// Whether the last round has read every new row that was in the table when it began.
    has_read_new: bool,
    /// Whether it has also looked up all gaps.
    has_read_all: bool,
    /// Whether none of the offsets that were looked up last has a record, as many as one request looks up.
    is_without_records: bool,
}

/// What a round requests from the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The rows that Kafka deleted the records of, before they expire.
    Deleted,
    /// The rows from the frontier on.
    New,
    /// The rows of some offsets in gaps.
    Gaps,
}

/// What a request has found. It does not count before it is settled.
#[derive(Debug, Default)]
pub(super) struct Found {
    rows: Vec<Row>,
    /// All rows from the frontier to this offset were requested.
    read_to: Offset,
    /// All rows of deleted records before this offset were requested.
    deleted_to: Option<Offset>,
    /// Offsets that the group has committed past, and that have no row, unless one of `rows` proves to be theirs.
    missing: Vec<Offset>,
}

impl Found {
    /// Whether records that Kafka has deleted were looked for.
    pub(super) fn has_looked_for_deleted(&self) -> bool {
        self.deleted_to.is_some()
    }
}

impl PartitionReader {
    /// How many rows one request returns at most.
    const PAGE: i32 = 500;
    /// How many pages one round reads, so that a round stays short.
    const PAGES: usize = 4;

    pub(super) fn new(topic: Topic, partition: Partition, begin: Offset) -> Self {
        let (tracker, verification) = (Tracker::new(begin), Verification::default());
        Self {
            topic,
            partition,
            tracker,
            verification,
            committed: None,
            earlier_commits: [None; 2],
            polled: Offset::default(),
            deleted: None,
            expired: None,
            stored: 0,
            blocked: 0,
            checkpoint: (begin, Counts::default()),
            finished_before: begin,
            has_read_new: false,
            has_read_all: false,
            is_without_records: false,
        }
    }

    /// All records before this offset are finished, and counted already. Must be called before anything is read.
    pub(super) fn count_from(&mut self, offset: Offset) {
        let (high_watermark, finished) = (self.tracker.high_watermark(), self.finished_before);
        if offset < self.tracker.begin() {
            *self = Self::new(self.topic.clone(), self.partition, offset);
            self.advance(high_watermark);
            self.finished_before = finished;
        }
        self.tracker.count_from(offset);
        self.checkpoint.0 = offset;
    }

    /// What the router's group has committed, as far as this run knows.
    pub(super) fn committed(&self) -> Option<Offset> {
        self.committed
    }

    pub(super) fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Whether it finds nothing but offsets without a record. There may be many more of them.
    pub(super) fn is_without_records(&self) -> bool {
        self.is_without_records
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            accepted: self.tracker.accepted(),
            stored: self.stored,
            blocked: self.blocked,
            finished_without_row: self.tracker.without_row(),
            expired: self.tracker.expired(),
            waiting: self.tracker.waiting(),
        }
    }

    /// The last place before which all was finished, and the counts of all before it.
    pub(super) fn checkpoint(&self) -> (Offset, Counts) {
        self.checkpoint
    }

    /// Whether nothing is left to be found out: no record waits, and what has expired has no row.
    pub(super) fn is_idle(&self) -> bool {
        !self.tracker.has_open() && self.deleted.is_none() && self.expired.is_none()
    }

    pub(super) fn status(&self) -> PartitionStatus {
        let verify_below = self.verification.verify_below();
        PartitionStatus { tracker: self.tracker.clone(), verify_below }
    }

    /// When the newest row of a deleted topic was stored, by the clock of its processor.
    pub(super) fn recreated_after(&self) -> Option<Millis> {
        self.verification.recreated_after()
    }

    /// Sets what the group had committed when the run began.
    pub(super) fn set_finished_before(&mut self, offset: Offset) {
        self.finished_before = offset;
    }

    pub(super) fn finished_before(&self) -> Offset {
        self.finished_before
    }

    /// Whether it is known what became of all records that were finished before this run.
    pub(super) fn has_read_history(&self) -> bool {
        self.has_read_new && self.tracker.finished() >= self.finished_before
    }

    pub(super) fn has_read_new(&self) -> bool {
        self.has_read_new
    }

    pub(super) fn has_read_all(&self) -> bool {
        self.has_read_all
    }

    /// Some records exist below `high_watermark`. A lower value than before is an older answer.
    pub(super) fn advance(&mut self, high_watermark: Offset) {
        self.tracker.advance(high_watermark);
    }

    /// Sets Kafka's current high watermark. If it went back, the topic was recreated.
    ///
    /// It may be below records that Kafka has acknowledged to this homepage: an open transaction of another producer
    /// hides all records after its first one.
    pub(super) fn set_high_watermark(&mut self, high_watermark: Offset) -> Result<(), Error> {
        if high_watermark < self.polled.max(self.verification.end()) {
            return Err(Error::TopicRecreated);
        }
        self.polled = high_watermark;
        self.tracker.advance(high_watermark);
        Ok(())
    }

    /// Sets the current commit of the router's group. If it went back, the topic may have been recreated, because a
    /// deleted topic loses its commits. But a late retry of the router can set a commit back as well, so a record is
    /// compared first.
    pub(super) async fn set_committed(
        &mut self,
        next: Option<Offset>,
        records: &RecordScan,
    ) -> Result<(), Error> {
        let went_back = self.committed.is_some_and(|before| next.is_none_or(|next| next < before));
        if went_back && self.verification.is_topic_recreated(self.partition, records).await? {
            return Err(Error::TopicRecreated);
        }
        // If it is lower than at the begin of the run, that one was of a deleted topic.
        let begin = self.tracker.begin();
        let finished = next.map_or(begin, |next| next.max(begin));
        self.finished_before = self.finished_before.min(finished);
        // A commit beyond the high watermark is one of a deleted topic.
        self.committed = next.filter(|next| *next <= self.tracker.high_watermark());
        // Nothing is in flight any more below the commit: a record that expired may have got its row meanwhile.
        if self.deleted.is_none() && self.expired.is_some_and(|(_, to)| Some(to) <= self.committed)
        {
            self.deleted = self.expired.take();
        }
        Ok(())
    }

    /// The open offsets, in order.
    pub(super) fn open(&self) -> impl Iterator<Item = Position> {
        self.tracker.open().map(|offset| self.position(offset))
    }

    /// Whether an open offset is judged by its row, or by not having one: its read must be strongly consistent.
    pub(super) fn has_committed_past_open(&self) -> bool {
        self.tracker.finished() < self.committed.unwrap_or_default()
    }

    /// Notes which rows the shards of the new offsets have already. Must be called before these are looked up.
    pub(super) async fn enter_shards(&mut self, table: &Table) -> Result<(), Error> {
        let (frontier, end) = (self.tracker.frontier(), self.tracker.high_watermark());
        if frontier < end {
            for offset in [frontier, end.minus(1)] {
                let shard = Shard::of(&self.topic, self.partition, offset);
                self.verification.enter(&shard, table).await?;
            }
        }
        Ok(())
    }

    /// What was found where all open offsets were to be looked up. Nothing counts before [`PartitionReader::settle`].
    pub(super) fn found_open(&mut self, answer: table::Found) -> Found {
        let looked_up: BTreeSet<_> = answer.looked_up.iter().map(|at| at.offset).collect();
        let mut unanswered = self.tracker.open().filter(|it| !looked_up.contains(it)).peekable();
        let is_complete = unanswered.peek().is_none();
        let end = self.tracker.high_watermark();
        let read_to = unanswered.find(|it| *it >= self.tracker.frontier()).unwrap_or(end);
        (self.has_read_new, self.has_read_all) = (read_to == end, is_complete);
        Found { read_to, ..self.found(answer) }
    }

    /// Requests rows from the table. What was found before an error is returned all the same. Nothing counts before
    /// [`PartitionReader::settle`].
    pub(super) async fn request(
        &mut self,
        what: Request,
        table: &Table,
    ) -> (Found, Result<(), Error>) {
        let mut found = Found::default();
        let requested = match what {
            Request::New => {
                let (from, to) = (self.tracker.frontier(), self.tracker.high_watermark());
                let read =
                    self.request_range(from, to, Consistency::Eventual, table, &mut found).await;
                self.has_read_new = read.is_ok() && found.read_to >= to;
                self.has_read_all = self.has_read_new;
                read
            }
            Request::Gaps => {
                let all_gaps = self.request_gaps(table, &mut found).await;
                self.has_read_all &= matches!(all_gaps, Ok(true));
                all_gaps.map(|_| ())
            }
            Request::Deleted => match self.deleted {
                Some((from, to)) => {
                    let consistency = Consistency::Strong;
                    let read = self.request_range(from, to, consistency, table, &mut found).await;
                    found.deleted_to = Some(std::mem::take(&mut found.read_to));
                    read
                }
                None => Ok(()),
            },
        };
        (found, requested)
    }

    async fn request_range(
        &mut self,
        mut from: Offset,
        to: Offset,
        consistency: Consistency,
        table: &Table,
        found: &mut Found,
    ) -> Result<(), Error> {
        found.read_to = from;
        for _ in 0..Self::PAGES {
            if from >= to {
                break;
            }
            let shard = Shard::of(&self.topic, self.partition, from);
            let end = to.min(shard.end());
            self.verification.enter(&shard, table).await?;
            let range = Range { from, to: end, limit: Self::PAGE, consistency };
            let page = table.range(&shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            found.rows.extend(page.rows);
            from = last.filter(|_| page.more).unwrap_or(end);
            found.read_to = from;
        }
        Ok(())
    }

    /// Looks up offsets in gaps. Returns whether these were all of them.
    async fn request_gaps(&mut self, table: &Table, found: &mut Found) -> Result<bool, Error> {
        let gaps = self.tracker.gaps_to_check(Table::READ_CHUNK);
        if gaps.is_empty() {
            return Ok(true);
        }
        let positions: Vec<_> = gaps.into_iter().map(|it| self.position(it)).collect();
        let answer = table.get(&positions, Consistency::Strong).await?;
        let answered = answer.looked_up.len() == positions.len();
        *found = self.found(answer);
        Ok(answered && positions.len() < Table::READ_CHUNK)
    }

    /// What an answer about single offsets says.
    fn found(&self, table::Found { rows, looked_up }: table::Found) -> Found {
        // A row that must be verified may be of an earlier topic: then its offset has none.
        let verify_below = self.verification.verify_below();
        let with_row = rows.iter().map(|row| row.position.offset);
        let with_row: BTreeSet<_> = with_row.filter(|offset| *offset >= verify_below).collect();
        let committed = self.committed.unwrap_or_default();
        let offsets = looked_up.iter().map(|at| at.offset);
        let missing = offsets.filter(|it| *it < committed && !with_row.contains(it)).collect();
        Found { rows, missing, ..Found::default() }
    }

    fn position(&self, offset: Offset) -> Position {
        Position { topic: self.topic.clone(), partition: self.partition, offset }
    }

    /// The offsets at which Kafka must be read before the rows and the missing ones can be settled.
    pub(super) fn offsets_to_scan(&mut self, found: &Found) -> BTreeSet<Offset> {
        let unverified = self.verification.unverified(&found.rows, self.tracker.finished());
        unverified.into_iter().chain(found.missing.iter().copied()).collect()
    }

    /// Counts what was requested. Returns the rows that are new and not stale.
    pub(super) fn settle(&mut self, found: Found, scanned: &ScannedPartition) -> Vec<Row> {
        let verified = self.verification.verify(found.rows, scanned).into_iter();
        let new = verified.filter(|row| self.tracker.row_found(row.position.offset));
        let new: Vec<_> = new.collect();
        new.iter().for_each(|row| self.count(row));
        self.is_without_records &= new.is_empty();
        // A row is written before its offset is committed. The commit was known before the rows were read, so what is
        // committed and was not among them is a gap.
        self.tracker.group_committed(self.committed.unwrap_or_default().min(found.read_to));
        if let Some(read_to) = found.deleted_to {
            self.settle_deleted(read_to);
        }
        if !found.missing.is_empty() {
            let has_none = |it: &Offset| *scanned.at(*it) == OffsetContent::NoRecord;
            let is_full = found.missing.len() >= Table::READ_CHUNK;
            self.is_without_records = is_full && found.missing.iter().all(has_none);
        }
        found.missing.iter().for_each(|it| self.settle_missing(*it, scanned));
        if let Some(finished) = self.tracker.all_finished() {
            self.checkpoint = (finished, self.counts());
            self.is_without_records = false;
        }
        new
    }

    fn count(&mut self, row: &Row) {
        if self.tracker.counts(row.position.offset) {
            self.stored += 1;
            self.blocked += u64::from(row.verdict == Verdict::Blocked);
        }
    }

    /// The group has committed past this offset, and it has no row, if it is still open.
    fn settle_missing(&mut self, offset: Offset, scanned: &ScannedPartition) {
        match scanned.at(offset) {
            OffsetContent::NoRecord => self.tracker.has_no_record(offset),
            // It may have expired. The next low watermark tells.
            OffsetContent::Deleted if offset >= self.committed_before_deletion() => {}
            // Its record was filtered or dead-lettered.
            OffsetContent::Record(_) | OffsetContent::Deleted | OffsetContent::Unreadable => {
                self.tracker.finished_without_row(offset);
            }
            OffsetContent::Unknown => {}
        }
    }

    /// Kafka has deleted all below `low_watermark`. What the group had not committed by then expires, unless it has a
    /// row; see [`Request::Deleted`].
    pub(super) fn set_low_watermark(&mut self, low_watermark: Offset) {
        if self.deleted.is_some() {
            return;
        }
        let from = self.committed_before_deletion().max(self.tracker.finished());
        self.earlier_commits = [self.earlier_commits[1], Some(self.committed.unwrap_or_default())];
        if from < low_watermark {
            self.deleted = Some((from, low_watermark));
        }
    }

    /// What the group had committed before Kafka deleted what the next low watermark shows, or the last one has shown.
    ///
    /// A router skips what is deleted, and may have committed past it since. The commit of a poll is asked for after its low
    /// watermark, so the last one may be such a commit, but not the one before it. What was finished without a row and
    /// deleted within these two polls counts as expired, too.
    fn committed_before_deletion(&self) -> Offset {
        let committed = self.committed.unwrap_or_default();
        self.earlier_commits[0].map_or(committed, |earlier| earlier.min(committed))
    }

    fn settle_deleted(&mut self, read_to: Offset) {
        let Some((from, to)) = self.deleted else { return };
        let expired = self.tracker.expire(from, read_to);
        if expired > 0 {
            let (partition, last) = (self.partition, read_to.minus(1));
            tracing::warn!(
                partition,
                expired,
                "{expired} messages of partition {partition} expired: kafka deleted offsets {from} to {last} before they \
                 were processed"
            );
        }
        self.deleted = (read_to < to).then_some((read_to, to));
        if self.committed.unwrap_or_default() < read_to {
            let from = self.expired.map_or(from, |(first, _)| first.min(from));
            self.expired = Some((from, read_to));
        }
    }

    /// The partition was inspected because it stands still. Offsets without a record do not wait.
    pub(super) fn settle_inspection(&mut self, scanned: &ScannedPartition) {
        for (offset, content) in scanned.contents() {
            if *content == OffsetContent::NoRecord && self.tracker.is_open(offset) {
                self.tracker.has_no_record(offset);
            }
        }
        let has_record = scanned.contents().any(|(_, it)| matches!(it, OffsetContent::Record(_)));
        self.is_without_records &= !has_record && self.tracker.all_finished().is_none();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_row;

    /// Partition 0 with these open offsets below 6: the others have been read.
    fn reader(open: &[i64]) -> PartitionReader {
        let mut reader = PartitionReader::new("barrage".parse().unwrap(), 0, Offset::default());
        reader.advance(Offset::new(6).unwrap());
        for offset in (0..6).filter(|offset| !open.contains(offset)) {
            reader.tracker.row_found(Offset::new(offset).unwrap());
        }
        reader
    }

    /// The table has looked up these offsets, and found a row for some of them.
    fn answer(looked_up: &[i64], with_row: &[i64]) -> table::Found {
        let at = |offset: &i64| test_row::row(0, *offset, "id").position;
        table::Found {
            rows: with_row.iter().map(|offset| test_row::row(0, *offset, "id")).collect(),
            looked_up: looked_up.iter().map(at).collect(),
        }
    }

    #[test]
    fn it_is_without_records_only_until_all_of_them_are_passed() {
        let mut reader = reader(&[]);
        let end = i64::try_from(3 * Table::READ_CHUNK).unwrap();
        let at = |offset| Offset::new(offset).unwrap();
        reader.advance(at(end));
        (reader.committed, reader.polled) = (Some(at(end)), at(end));
        let empty = |from: i64, to: i64| -> ScannedPartition {
            (from..to).map(|it| (at(it), OffsetContent::NoRecord)).collect()
        };
        let missing = (6..106).map(at).collect();
        reader.settle(Found { missing, read_to: at(end), ..Found::default() }, &empty(6, 106));
        assert!(reader.is_without_records());
        reader.settle_inspection(&empty(106, 206));
        assert!(reader.is_without_records());
        reader.settle_inspection(&empty(206, end));
        assert!(!reader.is_without_records() && !reader.tracker().has_open());
    }

    #[test]
    fn offsets_that_the_table_did_not_look_up_stay_open() {
        for (looked_up, read_to, has_read_new, has_read_all) in [
            (&[1, 4, 5][..], 6, true, true),
            (&[4, 5], 6, true, false),
            (&[1, 5], 4, false, false),
            (&[], 4, false, false),
        ] {
            let mut reader = reader(&[1, 4, 5]);
            reader.committed = Offset::new(6);
            let found = reader.found_open(answer(looked_up, &[]));
            let has_read = (reader.has_read_new, reader.has_read_all());
            assert_eq!(found.read_to.get(), read_to, "{looked_up:?}");
            assert_eq!(has_read, (has_read_new, has_read_all), "{looked_up:?}");
            let missing: Vec<_> = found.missing.iter().map(|it| it.get()).collect();
            assert_eq!(missing, looked_up);
            reader.settle(found, &ScannedPartition::default());
            assert_eq!(reader.counts().waiting, 3, "nothing was scanned: {looked_up:?}");
        }
    }

    #[test]
    fn rows_count_in_whatever_order_the_table_answers() {
        let mut reader = reader(&[1, 4, 5]);
        let found = reader.found_open(answer(&[1, 4, 5], &[5, 1]));
        let rows = reader.settle(found, &ScannedPartition::default());
        assert_eq!((rows.len(), reader.counts().stored, reader.counts().waiting), (2, 2, 1));
        assert!(reader.open().map(|at| at.offset.get()).eq([4]));
    }

    #[test]
    fn where_nothing_is_open_all_is_read_without_an_answer() {
        let mut reader = reader(&[]);
        let found = reader.found_open(table::Found::default());
        assert_eq!(
            (found.read_to.get(), reader.has_read_new, reader.has_read_all()),
            (6, true, true)
        );
    }
}

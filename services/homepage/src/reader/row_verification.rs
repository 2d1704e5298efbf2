//! Which rows are of the records that the topic has now.
//!
//! The key of a row is the position of its record. When a topic is deleted and created again, its offsets begin
//! again at 0, and the rows of the old records have the keys of the new ones until the new rows replace them. So a
//! row that was in the table before this run of the reader must be verified: it counts only if the record at its
//! position is the same event: [`Identity`] says which are.
//!
//! An example. The old topic had 100 records in partition 0, so the table has the rows 0 to 99. The topic was created
//! again and has 3 records, of which none is processed yet. A run of the reader begins:
//!
//! 1. The last row of the shard is 99: rows below 100 must be verified.
//! 2. The rows 0, 1 and 2 are read. Kafka has other events at these offsets: the rows are stale. Theirs are kept, so
//!    that the next round does not read from Kafka again.
//! 3. The new row 0 is written and read. Its event is not the stale one, so Kafka is read once more: the events are
//!    the same, and the row counts.
//! 4. Much later the row 100 is read. It was not there when the run began, so nothing is verified.

use std::collections::{BTreeMap, BTreeSet};

use barrage::event::Identity;
use barrage::kafka::{self, OffsetContent, RecordScan, ScannedPartition};
use barrage::position::{Offset, Partition, Shard};
use barrage::table::{self, Row, Table};
use barrage::time::Millis;

/// The verification of one partition in one run.
#[derive(Debug, Default)]
pub(super) struct Verification {
    /// Rows below were there before this run, or may have been.
    verify_below: Offset,
    /// For all shards below, the last row is known.
    known_shards: Offset,
    /// The events of stale rows by their offset.
    stale: BTreeMap<Offset, Identity>,
    /// The last row that counted, whether it was verified or new.
    last: Option<(Offset, Identity)>,
    /// When the newest stale row was stored: the topic was recreated after that.
    recreated_after: Option<Millis>,
}

impl Verification {
    /// Rows below this offset must be verified.
    pub(super) fn verify_below(&self) -> Offset {
        self.verify_below
    }

    /// The offset after the last row that counted.
    pub(super) fn end(&self) -> Offset {
        self.last.as_ref().map_or_else(Offset::default, |(offset, _)| offset.next())
    }

    /// When the newest stale row was stored, by the clock of its processor: the topic was recreated after that.
    pub(super) fn recreated_after(&self) -> Option<Millis> {
        self.recreated_after
    }

    /// Must be called before a shard is read. When that is the first time in this run, the rows that the shard has
    /// by now must be verified.
    pub(super) async fn enter(&mut self, shard: &Shard, table: &Table) -> Result<(), table::Error> {
        if self.known_shards >= shard.end() {
            return Ok(());
        }
        if let Some(last) = table.last_offset(shard).await? {
            self.verify_below = self.verify_below.max(last.next());
        }
        self.known_shards = shard.end();
        Ok(())
    }

    /// The offsets at which Kafka must be read, before these rows can be verified. Rows below `finished` are not read
    /// again.
    pub(super) fn unverified(&mut self, rows: &[Row], finished: Offset) -> BTreeSet<Offset> {
        self.stale = self.stale.split_off(&finished);
        unverified(rows, self.verify_below, &self.stale)
    }

    /// Returns the rows without the stale ones, and without those that must be verified and were not scanned.
    pub(super) fn verify(&mut self, rows: Vec<Row>, scanned: &ScannedPartition) -> Vec<Row> {
        let mut verified = Vec::new();
        for row in rows {
            match judge(&row, self.verify_below, scanned) {
                Some(true) => verified.push(row),
                Some(false) => {
                    // Where there is no record, compaction may have removed it.
                    if let OffsetContent::Record(_) = scanned.at(row.position.offset) {
                        self.recreated_after = self.recreated_after.max(Some(row.stored_at));
                    }
                    self.stale.insert(row.position.offset, row.identity());
                }
                None => {}
            }
        }
        if let Some(row) = verified.iter().max_by_key(|row| row.position.offset) {
            let offset = row.position.offset;
            if self.last.as_ref().is_none_or(|(last, _)| *last < offset) {
                self.last = Some((offset, row.identity()));
            }
        }
        verified
    }

    /// Whether Kafka has another record at the offset of the last row that counted: then the topic was recreated.
    pub(super) async fn is_topic_recreated(
        &self,
        partition: Partition,
        records: &RecordScan,
    ) -> Result<bool, kafka::Error> {
        let Some((offset, last)) = &self.last else { return Ok(false) };
        let content = records.read_one(partition, *offset).await?;
        Ok(matches!(content, OffsetContent::Record(Some(current)) if !current.matches(last)))
    }
}

/// The offsets of the rows that must be verified and are not known to be stale.
fn unverified(
    rows: &[Row],
    verify_below: Offset,
    stale: &BTreeMap<Offset, Identity>,
) -> BTreeSet<Offset> {
    let rows = rows.iter().filter(|row| row.position.offset < verify_below);
    let unverified = rows.filter(|row| stale.get(&row.position.offset) != Some(&row.identity()));
    unverified.map(|row| row.position.offset).collect()
}

/// Whether a row is of the record at its position; otherwise it is stale. `None` if that was not scanned.
fn judge(row: &Row, verify_below: Offset, scanned: &ScannedPartition) -> Option<bool> {
    let offset = row.position.offset;
    if offset >= verify_below {
        return Some(true);
    }
    match scanned.at(offset) {
        OffsetContent::Record(event) => {
            Some(event.as_ref().is_some_and(|it| it.matches(&row.identity())))
        }
        OffsetContent::NoRecord => Some(false),
        // Kafka cannot give the record any more. Nothing speaks against the row.
        OffsetContent::Deleted | OffsetContent::Unreadable => Some(true),
        OffsetContent::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_row;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn row(offset: i64, id: &str) -> Row {
        test_row::row(0, offset, id)
    }

    /// A partition that was scanned from its begin and has events with these ids.
    fn scanned(ids: &[Option<&str>]) -> ScannedPartition {
        let event = |(at, id): (i64, &Option<&str>)| Some(row(at, (*id)?).identity());
        let content = |it| OffsetContent::Record(event(it));
        (0..).map(at).zip((0..).zip(ids).map(content)).collect()
    }

    #[test]
    fn an_old_row_counts_only_if_the_record_at_its_position_is_its_event() {
        let current = scanned(&[None, Some("new")]);
        assert_eq!(judge(&row(1, "new"), at(5), &current), Some(true));
        assert_eq!(judge(&row(1, "old"), at(5), &current), Some(false));
        assert_eq!(judge(&row(0, "old"), at(5), &current), Some(false), "the record is no event");
        assert_eq!(judge(&row(5, "any"), at(5), &current), Some(true), "it was not there before");
    }

    #[test]
    fn an_old_row_that_was_not_scanned_is_not_decided() {
        assert_eq!(judge(&row(3, "old"), at(5), &scanned(&[])), None);
    }

    #[test]
    fn kafka_is_read_once_for_a_stale_row_and_again_for_the_row_that_replaces_it() {
        let mut verification = Verification { verify_below: at(5), ..<_>::default() };
        let rows = vec![row(1, "old"), row(9, "new")];
        assert_eq!(verification.unverified(&rows, at(0)), BTreeSet::from([at(1)]));
        assert_eq!(verification.verify(rows.clone(), &scanned(&[None, Some("new")])).len(), 1);
        assert!(verification.unverified(&rows, at(0)).is_empty());
        assert_eq!(verification.recreated_after(), Some(rows[0].stored_at));
        assert_eq!(verification.unverified(&[row(1, "new")], at(0)), BTreeSet::from([at(1)]));
    }
}

//! Where counting began, and how far it has come. The table keeps it, so that a homepage that starts goes on counting
//! where another one was, or it itself before. So no restart makes the numbers of a page jump.
//!
//! An example with one partition. Counting began at offset 0. The records 0 to 9 are finished, 9 of them with a row:
//! the table has "finished 10, stored 9, without a row 1". The record 10 is open, and 11 has a row. The homepage dies.
//! The next one counts 9 and 1, and from offset 10 on what it finds itself. It reads some rows below 10, too, because a
//! page opens with the last bullets, but does not count them again.
//!
//! While a topic is small, every homepage reads the whole of it anyway. Then nothing is saved.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use barrage::kafka::{Group, PartitionOffsets};
use barrage::position::{Offset, Partition, Topic};
use barrage::shutdown::with_sources;
use barrage::table::{self, Table, TotalsRow};
use barrage::time::Millis;
use tokio::task::JoinHandle;

use super::partition_reader::PartitionReader;
use super::progress::{Counts, Expired};

/// The totals in the table, for one run of the reader.
pub(super) struct Checkpoint {
    table: Table,
    topic: Topic,
    group: Group,
    /// How long the table keeps them.
    ttl: Duration,
    /// Since when those of a deleted topic count.
    outdated: Option<Millis>,
    /// What was counted before this run; `None` until the table has answered.
    before: Option<TotalsRow>,
    /// How far the partitions were when it was saved last.
    saved: PartitionOffsets,
    /// When it was; `None` while the table has nothing.
    saved_at: Option<Instant>,
    tried_at: Option<Instant>,
    saving: Option<JoinHandle<Option<PartitionOffsets>>>,
}

impl Checkpoint {
    /// How often it is saved at most. What came after it is counted again.
    const SAVE_EVERY: Duration = Duration::from_secs(5);
    /// It is saved after so many records, which a homepage that starts reads in no time.
    const SAVE_AFTER: u64 = 1000;
    /// With more records between it and the begin of a run, counting starts again: reading them would take too long.
    const MAX_BEHIND: u64 = 100_000;

    /// `outdated` says since when the totals count that no run may go on with.
    pub(super) fn new(
        table: Table,
        (topic, group): (Topic, Group),
        ttl: Duration,
        outdated: Option<Millis>,
    ) -> Self {
        Self {
            table,
            topic,
            group,
            ttl,
            outdated,
            before: None,
            saved: PartitionOffsets::new(),
            saved_at: None,
            tried_at: None,
            saving: None,
        }
    }

    /// Whether a row that was stored then was counted, and its topic was deleted afterwards.
    pub(super) fn is_outdated_by(&self, stored_at: Millis) -> bool {
        self.outdated.is_none() && self.since().is_some_and(|since| since < stored_at)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.before.is_some()
    }

    /// When counting began.
    pub(super) fn since(&self) -> Option<Millis> {
        self.before.as_ref().map(|before| before.since)
    }

    /// What was counted before this run, and when records expired.
    pub(super) fn before(&self) -> (Counts, Option<Expired>) {
        let Some(before) = &self.before else { return <_>::default() };
        let counts = Counts {
            accepted: before.stored + before.without_row + before.expired,
            stored: before.stored,
            blocked: before.blocked,
            finished_without_row: before.without_row,
            expired: before.expired,
            waiting: 0,
        };
        (counts, before.expired_since.map(|at| Expired { since: at, last: at }))
    }

    /// The totals that the table has.
    pub(super) async fn known(&self) -> Result<Option<TotalsRow>, table::Error> {
        self.table.totals(&self.topic, &self.group).await
    }

    /// Goes on with the totals that the table has, or starts counting. The high watermarks must be newer than the
    /// totals. If another homepage has written others meanwhile, nothing is loaded yet.
    pub(super) async fn load(
        &mut self,
        known: Option<TotalsRow>,
        partitions: &mut BTreeMap<Partition, PartitionReader>,
    ) -> Result<(), table::Error> {
        let replaces = known.as_ref().map(|known| known.since);
        let extent = |it: &PartitionReader| (it.tracker().begin(), it.tracker().high_watermark());
        let extents = partitions.iter().map(|(partition, it)| (*partition, extent(it))).collect();
        let (outdated, now) = (self.outdated, Millis::now());
        let totals = match known.filter(|known| goes_on(known, &extents, outdated, now)) {
            Some(current) => {
                self.saved_at = Some(Instant::now());
                Some(current)
            }
            None => self.begin(partitions, replaces).await?,
        };
        let Some(totals) = totals else { return Ok(()) };
        for (partition, offset) in &totals.finished {
            if let Some(reader) = partitions.get_mut(partition) {
                reader.count_from(*offset);
            }
        }
        self.saved = totals.finished.clone();
        self.before = Some(totals);
        Ok(())
    }

    /// There are no totals to go on with. `None` if another homepage has started counting at the same time.
    async fn begin(
        &mut self,
        partitions: &BTreeMap<Partition, PartitionReader>,
        replaces: Option<Millis>,
    ) -> Result<Option<TotalsRow>, table::Error> {
        let now = Millis::now();
        let is_first = replaces.is_none() && self.outdated.is_none();
        let is_whole = |it: &PartitionReader| it.tracker().begin() == Offset::default();
        // Each homepage that counts the whole topic counts the same, as long as the table has all rows.
        if is_first
            && partitions.values().all(is_whole)
            && let Some(created) = self.table.created_at().await?
            && now < created.plus(self.ttl)
        {
            let begins = partitions.keys().map(|partition| (*partition, Offset::default()));
            // They count as saved, as nobody needs them before the first rows expire. Then the table must have them.
            self.saved_at = Some(Instant::now());
            return Ok(Some(self.row(created, begins.collect(), Counts::default(), None)));
        }
        // What is finished already does not count: the table may have its rows no more. It has those of a topic that
        // was just recreated.
        let begin = |it: &PartitionReader| match self.outdated {
            None => it.finished_before(),
            Some(_) => it.tracker().begin(),
        };
        let begins = partitions.iter().map(|(partition, it)| (*partition, begin(it)));
        let begun = self.row(now, begins.collect(), Counts::default(), None);
        let key = (&self.topic, &self.group);
        let is_written = self.table.put_totals(key, &begun, replaces).await?;
        self.saved_at = is_written.then(Instant::now);
        Ok(is_written.then_some(begun))
    }

    fn row(
        &self,
        since: Millis,
        finished: PartitionOffsets,
        counts: Counts,
        expired_since: Option<Millis>,
    ) -> TotalsRow {
        let Counts { stored, blocked, finished_without_row: without_row, expired, .. } = counts;
        let expires_at = Millis::now().plus(self.ttl);
        TotalsRow {
            since,
            finished,
            stored,
            blocked,
            without_row,
            expired,
            expired_since,
            expires_at,
        }
    }

    /// Saves how far the partitions are, now and then, in the background.
    pub(super) async fn save(
        &mut self,
        partitions: &BTreeMap<Partition, PartitionReader>,
        expired: Option<Expired>,
    ) {
        if let Some(saving) = self.saving.take_if(|saving| saving.is_finished()) {
            self.take_saved(saving.await.unwrap_or_default());
        }
        let Some(before) = self.before.as_ref().filter(|_| self.is_due(partitions)) else { return };
        self.tried_at = Some(Instant::now());
        let finished = partitions.iter().map(|(partition, it)| (*partition, it.checkpoint().0));
        let finished: PartitionOffsets = finished.collect();
        let counted: Counts = partitions.values().map(|it| it.checkpoint().1).sum();
        let counts = self.before().0 + counted;
        let expired_since = expired.map(|expired| expired.since);
        let row = self.row(before.since, finished.clone(), counts, expired_since);
        let (table, topic, group) = (self.table.clone(), self.topic.clone(), self.group.clone());
        let saving = tokio::spawn(async move {
            let saved = table.put_totals((&topic, &group), &row, Some(row.since)).await;
            let saved = saved.inspect_err(|error| {
                tracing::debug!(error = with_sources(error), "the totals cannot be saved now");
            });
            if let Ok(false) = saved {
                tracing::warn!(
                    "another homepage counts since another time: the numbers of the page differ"
                );
            }
            saved.is_ok_and(|is_written| is_written).then_some(finished)
        });
        self.saving = Some(saving);
    }

    fn is_due(&self, partitions: &BTreeMap<Partition, PartitionReader>) -> bool {
        let was_tried = self.tried_at.is_some_and(|at| at.elapsed() < Self::SAVE_EVERY);
        if was_tried || self.saving.is_some() {
            return false;
        }
        // While nothing is sent, it is saved now and then all the same, so that the table keeps it.
        let is_old = self.saved_at.is_some_and(|at| at.elapsed() >= self.ttl / 4);
        let saved = |partition| self.saved.get(partition).copied().unwrap_or_default();
        let unsaved = partitions.iter().map(|(it, reader)| reader.checkpoint().0.since(saved(it)));
        is_old || unsaved.sum::<u64>() >= Self::SAVE_AFTER
    }

    fn take_saved(&mut self, saved: Option<PartitionOffsets>) {
        if let Some(finished) = saved {
            self.saved = finished;
            self.saved_at = Some(Instant::now());
        }
    }
}

/// Whether these totals are of the topic as it is now, and near enough to go on with. An extent is where a partition
/// begins for this run, and its high watermark.
fn goes_on(
    known: &TotalsRow,
    extents: &BTreeMap<Partition, (Offset, Offset)>,
    outdated: Option<Millis>,
    now: Millis,
) -> bool {
    let is_of_this_topic = |(partition, offset): (&Partition, &Offset)| {
        extents.get(partition).is_some_and(|(_, high_watermark)| offset <= high_watermark)
    };
    // What waits must be read anyway. More than that is only what lies before the begin of this run.
    let more = |(partition, offset): (&Partition, &Offset)| {
        extents.get(partition).map_or(0, |(begin, _)| begin.since(*offset))
    };
    Some(known.since) != outdated
        && known.expires_at > now
        && known.finished.iter().all(is_of_this_topic)
        && known.finished.iter().map(more).sum::<u64>() <= Checkpoint::MAX_BEHIND
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        if let Some(saving) = &self.saving {
            saving.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn totals(finished: i64) -> TotalsRow {
        TotalsRow {
            since: Millis(5),
            finished: PartitionOffsets::from([(0, at(finished))]),
            stored: 0,
            blocked: 0,
            without_row: 0,
            expired: 0,
            expired_since: None,
            expires_at: Millis(100),
        }
    }

    /// One partition, where this run begins and ends.
    fn extents(begin: i64, end: i64) -> BTreeMap<Partition, (Offset, Offset)> {
        BTreeMap::from([(0, (at(begin), at(end)))])
    }

    #[test]
    fn counting_goes_on_however_many_records_wait() {
        assert!(goes_on(&totals(70), &extents(70, 5_000_000), None, Millis(9)));
        assert!(goes_on(&totals(70), &extents(0, 70), None, Millis(9)));
    }

    #[test]
    fn counting_starts_again_where_the_totals_are_old_or_of_another_topic() {
        let now = Millis(9);
        assert!(!goes_on(&totals(71), &extents(0, 70), None, now), "the topic is shorter");
        assert!(!goes_on(&totals(0), &BTreeMap::new(), None, now), "it has fewer partitions");
        assert!(!goes_on(&totals(0), &extents(0, 70), Some(Millis(5)), now), "it was recreated");
        assert!(!goes_on(&totals(0), &extents(0, 70), None, Millis(100)), "they have expired");
        assert!(!goes_on(&totals(0), &extents(100_001, 200_000), None, now), "too much to read");
    }
}

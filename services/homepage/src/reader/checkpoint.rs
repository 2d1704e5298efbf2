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
    /// Those of a topic that was deleted.
    outdated: Option<Millis>,
    /// What was counted before this run; `None` until the table has answered.
    before: Option<TotalsRow>,
    /// How far the partitions were when it was saved last.
    saved: PartitionOffsets,
    /// When it was; `None` while the table has nothing.
    saved_at: Option<Instant>,
    checked_at: Instant,
    saving: Option<JoinHandle<()>>,
}

impl Checkpoint {
    /// How often it may be saved. What came after it is counted again, so nothing depends on that.
    const SAVE_EVERY: Duration = Duration::from_secs(5);
    /// It is saved after so many records, which a homepage that starts reads in no time.
    const SAVE_AFTER: u64 = 1000;
    /// With more records after the checkpoint, counting starts again: reading them all would take too long.
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
            checked_at: Instant::now(),
            saving: None,
        }
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

    /// Loads the totals, once. If another homepage has written others meanwhile, nothing is loaded yet.
    pub(super) async fn load(
        &mut self,
        partitions: &mut BTreeMap<Partition, PartitionReader>,
    ) -> Result<(), table::Error> {
        let known = self.table.totals(&self.topic, &self.group).await?;
        let replaces = known.as_ref().map(|known| known.since);
        let totals = match known.filter(|known| self.is_current(known, partitions)) {
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

    /// There are no totals to go on with: counting begins where the partitions do. `None` if another homepage has
    /// begun at the same time.
    async fn begin(
        &mut self,
        partitions: &BTreeMap<Partition, PartitionReader>,
        replaces: Option<Millis>,
    ) -> Result<Option<TotalsRow>, table::Error> {
        let is_first = replaces.is_none() && self.outdated.is_none();
        let is_whole = |it: &PartitionReader| it.tracker().begin() == Offset::default();
        // Each homepage that counts the whole topic counts the same.
        if is_first
            && partitions.values().all(is_whole)
            && let Some(created) = self.table.created_at().await?
        {
            return Ok(Some(self.begun(created, partitions)));
        }
        let begun = self.begun(Millis::now(), partitions);
        let key = (&self.topic, &self.group);
        let is_written = self.table.put_totals(key, &begun, replaces).await?;
        self.saved_at = is_written.then(Instant::now);
        Ok(is_written.then_some(begun))
    }

    fn is_current(
        &self,
        known: &TotalsRow,
        partitions: &BTreeMap<Partition, PartitionReader>,
    ) -> bool {
        let end = |partition| partitions.get(partition).map(|it| it.tracker().high_watermark());
        let are_of_this_topic =
            known.finished.iter().all(|(partition, offset)| end(partition) >= Some(*offset));
        let behind =
            known.finished.iter().map(|(it, offset)| end(it).map_or(0, |end| end.since(*offset)));
        Some(known.since) != self.outdated
            && known.expires_at > Millis::now()
            && are_of_this_topic
            && behind.sum::<u64>() <= Self::MAX_BEHIND
    }

    fn begun(&self, since: Millis, partitions: &BTreeMap<Partition, PartitionReader>) -> TotalsRow {
        let begins = partitions.iter().map(|(partition, it)| (*partition, it.tracker().begin()));
        self.row(since, begins.collect(), Counts::default(), None)
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
    pub(super) fn save(
        &mut self,
        partitions: &BTreeMap<Partition, PartitionReader>,
        expired: Option<Expired>,
    ) {
        let is_saving = self.saving.as_ref().is_some_and(|saving| !saving.is_finished());
        if is_saving || self.checked_at.elapsed() < Self::SAVE_EVERY {
            return;
        }
        self.checked_at = Instant::now();
        let Some(before) = &self.before else { return };
        let finished = partitions.iter().map(|(partition, it)| (*partition, it.checkpoint().0));
        let finished: PartitionOffsets = finished.collect();
        let saved = |partition| self.saved.get(partition).copied().unwrap_or_default();
        let unsaved: u64 = finished.iter().map(|(it, offset)| offset.since(saved(it))).sum();
        // While nothing is sent, it is saved now and then all the same, so that the table keeps it.
        let is_old = self.saved_at.is_some_and(|at| at.elapsed() >= self.ttl / 4);
        if unsaved < Self::SAVE_AFTER && !is_old {
            return;
        }
        self.saved = finished.clone();
        self.saved_at = Some(Instant::now());
        let counted: Counts = partitions.values().map(|it| it.checkpoint().1).sum();
        let counts = self.before().0 + counted;
        let row = self.row(before.since, finished, counts, expired.map(|expired| expired.since));
        let (table, topic, group) = (self.table.clone(), self.topic.clone(), self.group.clone());
        self.saving = Some(tokio::spawn(async move {
            // It is refused if another homepage has started to count again.
            let saved = table.put_totals((&topic, &group), &row, Some(row.since)).await;
            if let Err(error) = saved {
                tracing::debug!(error = with_sources(&error), "the totals cannot be saved now");
            }
        }));
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        if let Some(saving) = &self.saving {
            saving.abort();
        }
    }
}

//! How far the records of the topic are, as the reader knows it: counts, high watermarks, what is finished, and the
//! rows of this homepage's bursts. The reader writes it. Bursts read it, and so do requests for the feed's totals or
//! for a single record.

use std::collections::{BTreeMap, HashMap};
use std::iter::Sum;
use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use barrage::table::{Row, Verdict};
use barrage::time::{Millis, Rfc3339};
use parking_lot::Mutex;
use serde::Serialize;
use uuid::Uuid;

use super::record_status::{PartitionStatus, RecordStatus};

/// The progress of one homepage's reader.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    /// The bursts that this homepage runs.
    bursts: Mutex<HashMap<Uuid, Arc<BurstRows>>>,
}

#[derive(Debug, Default)]
struct State {
    /// The reader's run. Each recreated topic begins a new one.
    run: u64,
    totals: Totals,
    high_watermarks: PartitionOffsets,
    /// All records before these offsets are finished.
    finished: PartitionOffsets,
    /// Empty until all was read once.
    partitions: BTreeMap<Partition, PartitionStatus>,
}

/// The counts and what belongs to them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) counts: Counts,
    /// When counting began; `None` until all was read once.
    pub(crate) since: Option<Rfc3339>,
    /// Records wait, and since then none was finished.
    pub(crate) stalled_since: Option<Rfc3339>,
    pub(crate) expired: Option<Expired>,
}

/// When records expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// The first of this run.
    pub(crate) since: Millis,
    pub(crate) last: Millis,
}

/// What became of the records since counting began. Restarts of homepages do not change that time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    /// Rows in the table, shown or blocked.
    pub(crate) stored: u64,
    /// The stored rows that moderation blocked.
    pub(crate) blocked: u64,
    /// The records that were filtered or dead-lettered.
    pub(crate) finished_without_row: u64,
    /// The records that Kafka deleted before they were processed.
    pub(crate) expired: u64,
    pub(crate) waiting: u64,
}

impl Counts {
    /// How many of the accepted records are finished.
    pub(crate) fn finished(&self) -> u64 {
        self.stored + self.finished_without_row + self.expired
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            stored: self.stored + other.stored,
            blocked: self.blocked + other.blocked,
            finished_without_row: self.finished_without_row + other.finished_without_row,
            expired: self.expired + other.expired,
            waiting: self.waiting + other.waiting,
        }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// What the reader knows after a round.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// When counting began; `None` until all was read once.
    pub(crate) since: Option<Rfc3339>,
    pub(crate) counts: Counts,
    pub(crate) high_watermarks: PartitionOffsets,
    /// All records before these offsets are finished.
    pub(crate) finished: PartitionOffsets,
    /// Empty until all was read once.
    pub(crate) partitions: BTreeMap<Partition, PartitionStatus>,
    /// Records wait, and since then none was finished.
    pub(crate) stalled_since: Option<Rfc3339>,
    pub(crate) expired: Option<Expired>,
}

/// How many rows of one burst were read.
#[derive(Debug, Default)]
pub(crate) struct BurstRows {
    stored: AtomicU64,
    blocked: AtomicU64,
}

impl Expired {
    /// Records have expired just now, and may have before.
    pub(crate) fn again(before: Option<Self>) -> Self {
        let last = Millis::now();
        Self { since: before.map_or(last, |before| before.since), last }
    }
}

impl BurstRows {
    /// Rows in the table, shown or blocked.
    pub(crate) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// The stored rows that moderation blocked.
    pub(crate) fn blocked(&self) -> u64 {
        self.blocked.load(Ordering::Relaxed)
    }
}

impl Progress {
    /// Begins a run: the homepage has started, or the topic was recreated.
    pub(crate) fn begin(&self, run: u64, high_watermarks: PartitionOffsets) {
        *self.state.lock() = State { run, high_watermarks, ..State::default() };
    }

    /// Takes over what a round has found.
    pub(crate) fn update(&self, round: Round) {
        let mut state = self.state.lock();
        let Round { since, counts, stalled_since, expired, .. } = round;
        state.totals = Totals { counts, since, stalled_since, expired };
        state.high_watermarks = round.high_watermarks;
        state.finished = round.finished;
        state.partitions = round.partitions;
    }

    /// Between two rounds: new records below these high watermarks were accepted and wait. Nothing changes if one of
    /// them is lower than before: then the answer is an old one, or the topic was recreated. Returns the counts.
    pub(crate) fn advance(&self, high_watermarks: &PartitionOffsets) -> Counts {
        let mut state = self.state.lock();
        let lower = |(partition, end)| state.high_watermarks.get(partition) > Some(end);
        if high_watermarks.iter().any(lower) {
            return state.totals.counts;
        }
        for (partition, end) in high_watermarks {
            let before = state.high_watermarks.entry(*partition).or_default();
            let new = end.since(*before);
            *before = *end;
            state.totals.counts.accepted += new;
            state.totals.counts.waiting += new;
        }
        state.totals.counts
    }

    pub(crate) fn totals(&self) -> Totals {
        self.state.lock().totals
    }

    pub(crate) fn reader_run(&self) -> u64 {
        self.state.lock().run
    }

    /// The run and its high watermarks, which are empty before the reader has reached Kafka. Records that are sent
    /// from now on have these offsets or later ones.
    pub(crate) fn run_and_high_watermarks(&self) -> (u64, PartitionOffsets) {
        let state = self.state.lock();
        (state.run, state.high_watermarks.clone())
    }

    /// Whether all records before these offsets are finished.
    pub(crate) fn has_finished(&self, offsets: &PartitionOffsets) -> bool {
        let state = self.state.lock();
        let is_finished = |(partition, offset)| {
            state.finished.get(partition).is_some_and(|finished| finished >= offset)
        };
        offsets.iter().all(is_finished)
    }

    /// Whether a record of these partitions has expired, `from` included and `to` excluded.
    pub(crate) fn has_expired(&self, from: &PartitionOffsets, to: &PartitionOffsets) -> bool {
        let state = self.state.lock();
        to.iter().any(|(partition, to)| {
            let from = from.get(partition).copied().unwrap_or_default();
            let status = state.partitions.get(partition);
            status.is_some_and(|status| status.has_expired_between(from, *to))
        })
    }

    /// The status of a single record; `None` until all was read once.
    pub(crate) fn record_status(
        &self,
        partition: Partition,
        offset: Offset,
    ) -> Option<RecordStatus> {
        let state = self.state.lock();
        if state.partitions.is_empty() {
            return None;
        }
        let status = state.partitions.get(&partition).map(|known| known.of_record(offset));
        Some(status.unwrap_or(RecordStatus::BeyondEnd))
    }

    /// Counts the rows of this burst from now on.
    pub(crate) fn follow_burst(&self, burst: Uuid) -> Arc<BurstRows> {
        self.bursts.lock().entry(burst).or_default().clone()
    }

    /// Stops counting the rows of this burst.
    pub(crate) fn unfollow_burst(&self, burst: Uuid) {
        self.bursts.lock().remove(&burst);
    }

    /// Counts a row for its burst. Each row must be passed once.
    pub(crate) fn count_for_burst(&self, row: &Row) {
        let Some(rows) = self.bursts.lock().get(&row.burst).cloned() else { return };
        rows.stored.fetch_add(1, Ordering::Relaxed);
        match row.verdict {
            Verdict::Blocked => drop(rows.blocked.fetch_add(1, Ordering::Relaxed)),
            Verdict::Shown => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(offsets: &[(i32, i64)]) -> PartitionOffsets {
        offsets.iter().map(|(p, o)| (*p, Offset::new(*o).unwrap())).collect()
    }

    #[test]
    fn a_burst_has_finished_when_all_records_before_its_end_have() {
        let progress = Progress::default();
        progress.begin(1, PartitionOffsets::new());
        progress.update(Round { finished: offsets(&[(0, 5)]), ..Round::default() });
        assert!(progress.has_finished(&offsets(&[(0, 5)])));
        assert!(!progress.has_finished(&offsets(&[(0, 6)])));
        assert!(!progress.has_finished(&offsets(&[(1, 0)])));
    }

    #[test]
    fn records_above_the_high_watermarks_of_the_last_round_are_accepted_and_wait() {
        let progress = Progress::default();
        progress.begin(1, PartitionOffsets::new());
        let counts = Counts { accepted: 5, stored: 4, waiting: 1, ..Counts::default() };
        let high_watermarks = offsets(&[(0, 5)]);
        progress.update(Round { counts, high_watermarks, ..Round::default() });
        // A partition may be new. An answer of Kafka may be old, or of another topic.
        for high_watermarks in [offsets(&[(0, 7), (1, 3)]), offsets(&[(0, 6), (1, 30)])] {
            let advanced = Counts { accepted: 10, waiting: 6, ..counts };
            assert_eq!(progress.advance(&high_watermarks), advanced);
            assert_eq!(progress.totals().counts, advanced);
        }
    }
}

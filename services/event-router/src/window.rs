//! How much may be open at once, and which partitions have to wait meanwhile. So memory stays flat
//! whatever the backlog.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use barrage::position::Partition;

use crate::ledger::CommitLedger;

/// Counts what is open: read and not finished.
#[derive(Debug)]
pub(crate) struct Window {
    records: usize,
    bytes: usize,
    limit: usize,
    /// Since when it has been full; once it is stuck, until half is finished.
    full_since: Option<Instant>,
    /// It was full for so long that all partitions wait.
    stuck: bool,
}

impl Window {
    /// The most bytes open at once. A little more may come, because what the client has handed over
    /// already still arrives.
    const BYTES: usize = 16 << 20;
    /// The most offsets that a restart may have to read again in one partition, for example behind a
    /// record whose dead letter cannot be written.
    const SPAN: u64 = 20_000;
    /// How long it may be full before partitions wait. Whoever drains a backlog has a full window all the
    /// time, and a partition that waits costs what the client has read ahead of it.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// At most `limit` records.
    pub(crate) fn new(limit: usize) -> Self {
        Self { records: 0, bytes: 0, limit, full_since: None, stuck: false }
    }

    /// From now on at most `limit` records.
    pub(crate) fn resize(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn open(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes;
    }

    pub(crate) fn close(&mut self, bytes: usize) {
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Whether the client is to rest for now. It may not for long, so this ends when the window is stuck: then
    /// its partitions wait instead.
    pub(crate) fn is_full(&self) -> bool {
        !self.stuck && self.has_reached(1)
    }

    /// When it will be stuck, if nothing is finished until then.
    pub(crate) fn stuck_at(&self) -> Option<Instant> {
        self.full_since.filter(|_| !self.stuck).map(|since| since + Self::PATIENCE)
    }

    /// Which of these partitions have to wait now. Once stuck, it opens again when half is finished, so
    /// that the client is not told at every record.
    pub(crate) fn waiting(
        &mut self,
        ledgers: &BTreeMap<Partition, CommitLedger>,
        now: Instant,
    ) -> BTreeSet<Partition> {
        let still_full = self.has_reached(if self.stuck { 2 } else { 1 });
        self.full_since = still_full.then(|| self.full_since.unwrap_or(now));
        self.stuck = self.full_since.is_some_and(|since| now >= since + Self::PATIENCE);
        let waits = |ledger: &CommitLedger| self.stuck || ledger.span() >= Self::SPAN;
        ledgers
            .iter()
            .filter(|(_, ledger)| waits(ledger))
            .map(|(partition, _)| *partition)
            .collect()
    }

    /// Whether the window is full, or to this part of it.
    fn has_reached(&self, part: usize) -> bool {
        self.records * part >= self.limit || self.bytes * part >= Self::BYTES
    }
}

#[cfg(test)]
mod tests {
    use barrage::position::Offset;

    use super::*;

    fn ledgers() -> BTreeMap<Partition, CommitLedger> {
        BTreeMap::from([(0, CommitLedger::default()), (1, CommitLedger::default())])
    }

    #[test]
    fn a_window_is_full_until_something_is_finished() {
        let mut window = Window::new(4);
        (0..3).for_each(|_| window.open(10));
        assert!(!window.is_full());
        window.open(10);
        assert!(window.is_full());
        assert!(window.waiting(&ledgers(), Instant::now()).is_empty());
        window.close(10);
        assert!(!window.is_full());
    }

    #[test]
    fn one_that_stays_full_makes_all_wait_until_half_of_it_is_finished() {
        let (mut window, begin) = (Window::new(4), Instant::now());
        (0..4).for_each(|_| window.open(10));
        assert!(window.waiting(&ledgers(), begin).is_empty());
        let at = window.stuck_at().unwrap();
        assert_eq!(window.waiting(&ledgers(), at).len(), 2);
        // The client need not rest any more, so that it is heard again.
        assert_eq!((window.is_full(), window.stuck_at()), (false, None));
        (0..2).for_each(|_| window.close(10));
        assert_eq!(window.waiting(&ledgers(), at).len(), 2);
        window.close(10);
        assert!(window.waiting(&ledgers(), at).is_empty());
    }

    #[test]
    fn a_window_that_was_open_in_between_is_not_stuck() {
        let (mut window, begin) = (Window::new(1), Instant::now());
        window.open(10);
        window.waiting(&ledgers(), begin);
        window.close(10);
        window.waiting(&ledgers(), begin + Window::PATIENCE / 2);
        window.open(10);
        assert!(window.waiting(&ledgers(), begin + Window::PATIENCE).is_empty());
    }

    #[test]
    fn bytes_count_as_well() {
        let mut window = Window::new(1000);
        window.open(Window::BYTES);
        assert!(window.is_full());
    }

    #[test]
    fn a_partition_that_is_stuck_waits_alone() {
        let mut ledgers = ledgers();
        let stuck = ledgers.get_mut(&1).unwrap();
        stuck.read(Offset::default());
        stuck.read(Offset::new(20_000).unwrap());
        let waiting = Window::new(10).waiting(&ledgers, Instant::now());
        assert_eq!(waiting, BTreeSet::from([1]));
    }
}

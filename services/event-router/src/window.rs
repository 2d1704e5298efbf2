//! How much may be open at once, and which partitions have to wait meanwhile. So memory stays flat
//! whatever the backlog.

use std::collections::{BTreeMap, BTreeSet};

use barrage::position::Partition;

use crate::ledger::CommitLedger;

/// Counts what is open: read and not finished.
#[derive(Debug)]
pub(crate) struct Window {
    records: usize,
    bytes: usize,
    limit: usize,
    full: bool,
}

impl Window {
    /// The most bytes open at once. A little more may come, because what the client has handed over
    /// already still arrives.
    const BYTES: usize = 16 << 20;
    /// The most offsets that a restart may have to read again in one partition, for example behind a
    /// record whose dead letter cannot be written.
    const SPAN: u64 = 20_000;

    /// At most `limit` records.
    pub(crate) fn new(limit: usize) -> Self {
        Self { records: 0, bytes: 0, limit, full: false }
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

    /// Which of these partitions have to wait. Once full, it opens again when half is finished, so that
    /// the client is not told at every record.
    pub(crate) fn waiting(
        &mut self,
        ledgers: &BTreeMap<Partition, CommitLedger>,
    ) -> BTreeSet<Partition> {
        let above =
            |share: usize| self.records * share >= self.limit || self.bytes * share >= Self::BYTES;
        self.full = if self.full { above(2) } else { above(1) };
        let waits = |ledger: &CommitLedger| self.full || ledger.span() >= Self::SPAN;
        ledgers
            .iter()
            .filter(|(_, ledger)| waits(ledger))
            .map(|(partition, _)| *partition)
            .collect()
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
    fn a_full_window_makes_all_wait_until_half_of_it_is_finished() {
        let mut window = Window::new(4);
        (0..3).for_each(|_| window.open(10));
        assert!(window.waiting(&ledgers()).is_empty());
        window.open(10);
        assert_eq!(window.waiting(&ledgers()).len(), 2);
        window.close(10);
        window.close(10);
        assert_eq!(window.waiting(&ledgers()).len(), 2);
        window.close(10);
        assert!(window.waiting(&ledgers()).is_empty());
    }

    #[test]
    fn bytes_count_as_well() {
        let mut window = Window::new(1000);
        window.open(Window::BYTES);
        assert_eq!(window.waiting(&ledgers()).len(), 2);
    }

    #[test]
    fn a_partition_that_is_stuck_waits_alone() {
        let mut ledgers = ledgers();
        let stuck = ledgers.get_mut(&1).unwrap();
        stuck.read(Offset::default());
        stuck.read(Offset::new(20_000).unwrap());
        assert_eq!(Window::new(10).waiting(&ledgers), BTreeSet::from([1]));
    }
}

//! How much may be in flight at once, so that memory stays flat however large the backlog is.
//!
//! There are two ways to stop the flow of records, and the window chooses one:
//!
//! - **Full**: the consumer is not polled. It keeps what it has read ahead, and goes on at once. But it does
//!   not see a rebalance meanwhile, so this cannot last.
//! - **Stuck**, full for [`Window::PATIENCE`]: the partitions are paused, and the consumer is polled again. A
//!   pause discards what the consumer has read ahead of it, so it is only for the case that nothing moves.
//!
//! Example with a limit of 4 records:
//!
//! | event | in flight | consumer |
//! | --- | --- | --- |
//! | 4 records are read | 4 | is not polled: the window is full |
//! | 1 is finished | 3 | is polled |
//! | 1 is read, and the processor dies; 500 ms pass | 4 | is polled, all partitions paused: stuck |
//! | the processor is back, 2 are finished | 2 | the same: half of the limit is still in flight |
//! | 1 more is finished | 1 | is polled, all partitions resumed |
//!
//! A single partition is paused, too, while a restart would have to read too many offsets of it again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use barrage::position::Partition;

/// Counts what is in flight, and decides which partitions are paused.
#[derive(Debug)]
pub(crate) struct Window {
    records: usize,
    bytes: usize,
    max_records: usize,
    /// Since when it has been full. Once it is stuck, this stays until less than half is in flight.
    full_since: Option<Instant>,
    is_stuck: bool,
    paused: BTreeSet<Partition>,
}

/// What has to change at the consumer. Either may be empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PauseChange {
    pub(crate) pause: BTreeSet<Partition>,
    pub(crate) resume: BTreeSet<Partition>,
}

impl Window {
    /// The most bytes in flight. A little more is possible, because the records that the client has handed
    /// over already are still received.
    const BYTES: usize = 16 << 20;
    /// The most offsets of one partition that a restart may have to read again, for example after a record
    /// whose dead letter cannot be written.
    const SPAN: u64 = 20_000;
    /// How long the window may be full before partitions are paused. While a backlog is drained it is full
    /// many times a second, and each pause would discard what the client has read ahead.
    const PATIENCE: Duration = Duration::from_millis(500);

    pub(crate) fn new(max_records: usize) -> Self {
        Self {
            records: 0,
            bytes: 0,
            max_records,
            full_since: None,
            is_stuck: false,
            paused: BTreeSet::new(),
        }
    }

    pub(crate) fn resize(&mut self, max_records: usize) {
        self.max_records = max_records;
    }

    /// A record of this size is in flight from now on.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes;
    }

    /// A record of this size is not in flight any more.
    pub(crate) fn remove(&mut self, bytes: usize) {
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(crate) fn paused(&self) -> &BTreeSet<Partition> {
        &self.paused
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Whether the consumer must not be polled for now. This ends when the window is stuck, because then
    /// all partitions are paused instead.
    pub(crate) fn is_full(&self) -> bool {
        !self.is_stuck && self.has_reached(1)
    }

    /// When it will be stuck if nothing is finished until then.
    pub(crate) fn stuck_at(&self) -> Option<Instant> {
        self.full_since.filter(|_| !self.is_stuck).map(|since| since + Self::PATIENCE)
    }

    /// Decides again which partitions are paused. `spans` has all assigned partitions, and says for each how
    /// many offsets a restart would read again. Those that cannot be read are paused, too.
    pub(crate) fn update(
        &mut self,
        spans: impl Iterator<Item = (Partition, u64)>,
        unreadable: &BTreeSet<Partition>,
        now: Instant,
    ) -> PauseChange {
        // A window that is stuck opens at half, so that partitions are not paused again at the next record.
        let is_full = self.has_reached(if self.is_stuck { 2 } else { 1 });
        self.full_since = is_full.then(|| self.full_since.unwrap_or(now));
        self.is_stuck = self.full_since.is_some_and(|since| now >= since + Self::PATIENCE);
        let must_wait = |(partition, span): &(Partition, u64)| {
            self.is_stuck || *span >= Self::SPAN || unreadable.contains(partition)
        };
        let paused: BTreeSet<_> = spans.filter(must_wait).map(|(partition, _)| partition).collect();
        let change = PauseChange {
            pause: paused.difference(&self.paused).copied().collect(),
            resume: self.paused.difference(&paused).copied().collect(),
        };
        self.paused = paused;
        change
    }

    /// Forgets partitions that are revoked. Returns those that are paused: the client would keep a pause
    /// beyond the revoke, even if the partition comes back.
    pub(crate) fn revoke(&mut self, partitions: &BTreeSet<Partition>) -> BTreeSet<Partition> {
        let paused = self.paused.intersection(partitions).copied().collect();
        self.paused.retain(|partition| !partitions.contains(partition));
        paused
    }

    /// Whether at least one `part`-th of the limit is in flight.
    fn has_reached(&self, part: usize) -> bool {
        self.records * part >= self.max_records || self.bytes * part >= Self::BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two partitions of which a restart would read nothing again.
    const SPANS: [(Partition, u64); 2] = [(0, 0), (1, 0)];

    /// While all partitions can be read.
    fn update(window: &mut Window, spans: &[(Partition, u64)], now: Instant) -> PauseChange {
        window.update(spans.iter().copied(), &BTreeSet::new(), now)
    }

    impl Window {
        fn paused_at(&mut self, now: Instant) -> usize {
            update(self, &SPANS, now);
            self.paused.len()
        }
    }

    #[test]
    fn a_window_is_full_until_something_is_finished() {
        let mut window = Window::new(4);
        (0..3).for_each(|_| window.add(10));
        assert!(!window.is_full());
        window.add(10);
        assert!(window.is_full());
        assert_eq!(window.paused_at(Instant::now()), 0);
        window.remove(10);
        assert!(!window.is_full());
    }

    #[test]
    fn a_window_that_stays_full_pauses_all_partitions_until_less_than_half_is_in_flight() {
        let (mut window, begin) = (Window::new(4), Instant::now());
        (0..4).for_each(|_| window.add(10));
        assert_eq!(window.paused_at(begin), 0);
        let at = window.stuck_at().unwrap();
        let both = BTreeSet::from([0, 1]);
        let change = update(&mut window, &SPANS, at);
        assert_eq!(change, PauseChange { pause: both.clone(), resume: BTreeSet::new() });
        // The consumer is polled again.
        assert_eq!((window.is_full(), window.stuck_at()), (false, None));
        (0..2).for_each(|_| window.remove(10));
        assert_eq!(update(&mut window, &SPANS, at), PauseChange::default());
        window.remove(10);
        let change = update(&mut window, &SPANS, at);
        assert_eq!(change, PauseChange { pause: BTreeSet::new(), resume: both });
    }

    #[test]
    fn a_window_that_was_open_in_between_is_not_stuck() {
        let (mut window, begin) = (Window::new(1), Instant::now());
        window.add(10);
        window.paused_at(begin);
        window.remove(10);
        window.paused_at(begin + Window::PATIENCE / 2);
        window.add(10);
        assert_eq!(window.paused_at(begin + Window::PATIENCE), 0);
    }

    #[test]
    fn bytes_are_limited_as_well() {
        let mut window = Window::new(1000);
        window.add(Window::BYTES);
        assert!(window.is_full());
    }

    #[test]
    fn a_partition_with_too_much_to_read_again_is_paused_alone() {
        let mut window = Window::new(10);
        let change = update(&mut window, &[(0, 19_999), (1, 20_000)], Instant::now());
        assert_eq!(change.pause, BTreeSet::from([1]));
    }

    #[test]
    fn a_revoked_partition_is_resumed_if_it_was_paused() {
        let mut window = Window::new(10);
        update(&mut window, &[(0, 0), (1, 20_000)], Instant::now());
        assert_eq!(window.revoke(&BTreeSet::from([0, 1])), BTreeSet::from([1]));
        assert_eq!(window.revoke(&BTreeSet::from([0, 1])), BTreeSet::new());
    }

    #[test]
    fn a_partition_that_cannot_be_read_is_paused_until_it_can_be() {
        let (mut window, now) = (Window::new(10), Instant::now());
        let change = window.update(SPANS.into_iter(), &BTreeSet::from([1]), now);
        assert_eq!(change.pause, BTreeSet::from([1]));
        let change = update(&mut window, &SPANS, now);
        assert_eq!(change.resume, BTreeSet::from([1]));
    }
}

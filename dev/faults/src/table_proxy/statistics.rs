//! What the proxy has done, and how long clients waited before they sent an item again.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// What the proxy has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By operation, such as `BatchWriteItem`.
    pub requests: BTreeMap<String, u64>,
    /// How many items were returned unprocessed.
    pub unprocessed: u64,
    /// How many rows were omitted from answers.
    pub omitted: u64,
    /// How many rows were written late.
    pub late: u64,
}

impl Counts {
    /// How many requests have read rows.
    pub fn reads(&self) -> u64 {
        let of = |operation: &str| self.requests.get(operation).copied().unwrap_or_default();
        ["Query", "BatchGetItem", "GetItem", "Scan"].map(of).iter().sum()
    }
}

/// The counts, and the items that were returned and have not come again yet.
#[derive(Debug, Default)]
pub(super) struct Statistics(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Counts,
    returned: HashMap<String, Returned>,
    waits: Vec<Vec<Duration>>,
}

/// How often an item was returned in a row, and when the last time.
#[derive(Clone, Copy, Debug)]
struct Returned {
    times: usize,
    at: Instant,
}

impl Statistics {
    pub(super) fn counts(&self) -> Counts {
        self.0.lock().counts.clone()
    }

    pub(super) fn waits(&self) -> Vec<Vec<Duration>> {
        self.0.lock().waits.clone()
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().counts);
    }

    /// A client wants to write this item, for the first time or again.
    pub(super) fn item_arrived(&self, key: &str) {
        let mut inner = self.0.lock();
        let Some(Returned { times, at }) = inner.returned.get(key).copied() else { return };
        if inner.waits.len() < times {
            inner.waits.resize(times, Vec::new());
        }
        inner.waits[times - 1].push(at.elapsed());
    }

    pub(super) fn item_written(&self, key: &str) {
        self.0.lock().returned.remove(key);
    }

    pub(super) fn item_returned(&self, key: String) {
        let mut inner = self.0.lock();
        inner.counts.unprocessed += 1;
        let now = Instant::now();
        let returned = inner.returned.entry(key).or_insert(Returned { times: 0, at: now });
        *returned = Returned { times: returned.times + 1, at: now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_for_how_often_the_item_was_returned_before() {
        let statistics = Statistics::default();
        for _ in 0..2 {
            statistics.item_arrived("a");
            statistics.item_returned("a".into());
        }
        statistics.item_arrived("a");
        statistics.item_written("a");
        statistics.item_arrived("a");
        let waits: Vec<_> = statistics.waits().iter().map(Vec::len).collect();
        assert_eq!((waits, statistics.counts().unprocessed), (vec![1, 1], 2));
    }
}

//! What the front has been asked, and what it has done.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What a front has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many requests there were of each operation.
    pub requests: BTreeMap<String, u64>,
    /// Items that were handed back undone.
    pub handed_back: u64,
    /// Requests that were throttled.
    pub throttled: u64,
    /// Requests that were slowed down.
    pub slowed: u64,
    /// Rows that were left out of an answer.
    pub left_out: u64,
    /// Rows that were written late.
    pub late: u64,
}

impl Counts {
    /// How many requests asked for rows.
    pub fn reads(&self) -> u64 {
        let of = |operation: &str| self.requests.get(operation).copied().unwrap_or_default();
        ["Query", "BatchGetItem", "GetItem", "Scan"].map(of).iter().sum()
    }
}

/// The counts, and who has been handed back and not come again.
#[derive(Debug, Default)]
pub(super) struct Statistics(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    counts: Counts,
    /// By an item's key: how often it has been handed back in a row, and when it was last.
    away: HashMap<String, (usize, Instant)>,
    waits: Vec<Vec<Duration>>,
}

impl Statistics {
    pub(super) fn counts(&self) -> Counts {
        self.pages().counts.clone()
    }

    pub(super) fn waits(&self) -> Vec<Vec<Duration>> {
        self.pages().waits.clone()
    }

    /// Changes a count.
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.pages().counts);
    }

    /// An item to be written has come, perhaps again.
    pub(super) fn came(&self, key: &str) {
        let mut pages = self.pages();
        let Some((times, since)) = pages.away.get(key).copied() else { return };
        if pages.waits.len() < times {
            pages.waits.resize(times, Vec::new());
        }
        pages.waits[times - 1].push(since.elapsed());
    }

    /// It is written.
    pub(super) fn went(&self, key: &str) {
        self.pages().away.remove(key);
    }

    /// It goes back undone.
    pub(super) fn handed_back(&self, key: String) {
        let mut pages = self.pages();
        pages.counts.handed_back += 1;
        let (times, since) = pages.away.entry(key).or_insert((0, Instant::now()));
        *times += 1;
        *since = Instant::now();
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_noted_by_how_often_the_item_was_handed_back_before() {
        let book = Statistics::default();
        for _ in 0..2 {
            book.came("a");
            book.handed_back("a".into());
        }
        book.came("a");
        book.went("a");
        book.came("a");
        let waits: Vec<_> = book.waits().iter().map(Vec::len).collect();
        assert_eq!((waits, book.counts().handed_back), (vec![1, 1], 2));
    }
}

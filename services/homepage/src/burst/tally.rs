//! Counts the rows of the bursts that this homepage runs, as the reader sees them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use barrage::table::{Row, Verdict};
use uuid::Uuid;

/// The rows of one burst so far.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    stored: AtomicU64,
    blocked: AtomicU64,
}

impl Rows {
    /// Rows that exist.
    pub(crate) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Those of them that moderation blocked.
    pub(crate) fn blocked(&self) -> u64 {
        self.blocked.load(Ordering::Relaxed)
    }
}

/// The rows of all bursts that are counted.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<HashMap<Uuid, Arc<Rows>>>);

impl Tally {
    /// Counts this burst's rows from now on.
    pub(crate) fn open(&self, burst: Uuid) -> Arc<Rows> {
        self.lock().entry(burst).or_default().clone()
    }

    /// Counts it no more.
    pub(crate) fn close(&self, burst: Uuid) {
        self.lock().remove(&burst);
    }

    /// Counts a row that was not seen before.
    pub(crate) fn count(&self, row: &Row) {
        let Some(rows) = self.lock().get(&row.burst).cloned() else { return };
        rows.stored.fetch_add(1, Ordering::Relaxed);
        match row.verdict {
            Verdict::Blocked => drop(rows.blocked.fetch_add(1, Ordering::Relaxed)),
            Verdict::Shown => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Rows>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The bodies of the last moment, for viewers who ask the same.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::body::{Body, Parts, PollAfter};
use super::snapshot::Snapshot;
use crate::reader::cursor::Cursor;

/// Requests with the same key get the same body.
#[derive(Debug, PartialEq)]
pub(super) struct Key {
    pub(super) news: u64,
    pub(super) whose: Whose,
    pub(super) limit: usize,
    pub(super) poll_after: PollAfter,
}

/// From where on a viewer asks.
#[derive(Debug, PartialEq)]
pub(super) enum Whose {
    /// From the newest bullets.
    Newcomer,
    /// From the bullet with this number in the run of the snapshot. Nothing else of such a cursor counts.
    Follower(u64),
    /// From where this cursor says, which this run has not given out.
    Foreigner(Cursor),
}

#[derive(Debug)]
pub(super) struct Bodies {
    /// The newest last.
    pub(super) kept: Mutex<VecDeque<Kept>>,
    made: AtomicU64,
    /// Tells the bodies of this process from those of others.
    process: u32,
}

#[derive(Debug)]
pub(super) struct Kept {
    key: Key,
    made: Instant,
    pub(super) body: Arc<Body>,
}

impl Whose {
    pub(super) fn new(after: Option<&Cursor>, snapshot: &Snapshot) -> Self {
        match after {
            None => Self::Newcomer,
            Some(cursor) if snapshot.has_before(cursor) => Self::Follower(cursor.next),
            Some(cursor) => Self::Foreigner(cursor.clone()),
        }
    }
}

impl Bodies {
    /// How many are kept, and how many bytes they may have together. Viewers who wait need one for each tick, for each
    /// `limit`; a crowd that arrives needs some more.
    const MOST: usize = 64;
    const MOST_BYTES: usize = 16 << 20;
    /// How long a body is used. The time in it is so old at the most.
    const KEPT_FOR: Duration = Duration::from_secs(1);
    /// … for viewers who poll: a page sets its clock by their answers.
    const KEPT_FOR_POLLS: Duration = Duration::from_millis(250);

    /// The body with this key, kept or made of these parts. `None` if there are no parts.
    pub(super) fn get<'a>(
        &self,
        key: Key,
        parts: impl FnOnce() -> Option<(Parts<'a>, u32)>,
    ) -> Option<Arc<Body>> {
        // The lock is held while a body is made, which takes less than a millisecond: it is made only once.
        let (mut kept, now) = (self.kept.lock(), Instant::now());
        let is_right = |it: &&Kept| it.key == key && !it.is_old(now);
        if let Some(right) = kept.iter().rev().find(is_right) {
            return Some(right.body.clone());
        }
        let (parts, poll_after_ms) = parts()?;
        let body = self.make(&parts, poll_after_ms);
        kept.retain(|it| !it.is_old(now));
        kept.push_back(Kept { key, made: now, body: body.clone() });
        let mut bytes = size(&kept);
        while kept.len() > Self::MOST || (bytes > Self::MOST_BYTES && kept.len() > 1) {
            bytes -= kept.pop_front().map_or(0, |oldest| oldest.body.size());
        }
        Some(body)
    }

    /// A body that nobody else gets.
    pub(super) fn make(&self, parts: &Parts<'_>, poll_after_ms: u32) -> Arc<Body> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let tag = format!("{:x}-{number}", self.process);
        Arc::new(Body::new(tag, parts, poll_after_ms))
    }
}

/// Compressed bodies are added to those that are kept, so all are counted again.
fn size(kept: &VecDeque<Kept>) -> usize {
    kept.iter().map(|it| it.body.size()).sum()
}

impl Default for Bodies {
    fn default() -> Self {
        Self { kept: Mutex::default(), made: AtomicU64::new(0), process: rand::random() }
    }
}

impl Kept {
    fn is_old(&self, now: Instant) -> bool {
        let kept_for = match self.key.poll_after {
            PollAfter::Polling => Bodies::KEPT_FOR_POLLS,
            PollAfter::Waiting => Bodies::KEPT_FOR,
        };
        now.duration_since(self.made) >= kept_for
    }
}

//! What all viewers see: the newest bullets, ready to be sent, and the counts. The reader writes it, every
//! request reads it, and neither holds it for long.

mod bullet;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use barrage::table::Row;
use barrage::time::{Millis, Rfc3339};
use bytes::Bytes;
use serde::Serialize;

use self::bullet::{Bullet, newest};
use super::cursor::Cursor;
use super::known::{Known, Standing};

/// The wall of one homepage.
#[derive(Debug, Default)]
pub(crate) struct Wall(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Which run of the reader this is. A new run begins with nothing.
    run: u64,
    /// The last runs before it: their cursors are of an earlier topic.
    earlier: Vec<u64>,
    bullets: VecDeque<Bullet>,
    /// The number of the next bullet of this run.
    next: u64,
    counts: Counts,
    since: Option<Rfc3339>,
    stalled_since: Option<Rfc3339>,
    ends: PartitionOffsets,
    finished: PartitionOffsets,
    known: BTreeMap<Partition, Known>,
    processors: BTreeMap<String, Instant>,
}

/// What has become of the records from the run's first position on: it begins with what was not finished
/// then, and some of what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Records that Kafka has.
    pub(crate) accepted: u64,
    /// Rows that exist, whatever their verdict.
    pub(crate) stored: u64,
    /// Those of them that moderation blocked.
    pub(crate) blocked: u64,
    /// Filtered or dead-lettered.
    pub(crate) finished_without_row: u64,
    /// Accepted and not finished.
    pub(crate) waiting: u64,
}

/// What one round of the reader has found.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Rows that were not seen before, in the order in which they are shown.
    pub(crate) rows: Vec<Row>,
    pub(crate) counts: Counts,
    /// The offset after the last record of each partition.
    pub(crate) ends: PartitionOffsets,
    /// All below is finished.
    pub(crate) finished: PartitionOffsets,
    /// What is known of each partition; nothing before all was read once.
    pub(crate) known: BTreeMap<Partition, Known>,
    /// Records wait, and since then none was finished.
    pub(crate) stalled_since: Option<Rfc3339>,
    /// The rows were there before this run: they say nothing of who processes now.
    pub(crate) history: bool,
}

/// What a viewer gets.
#[derive(Debug)]
pub(crate) struct View {
    /// The newest bullets after the cursor, oldest first, each in JSON.
    pub(crate) bullets: Vec<Bytes>,
    /// Where the viewer goes on.
    pub(crate) cursor: Cursor,
    /// How many bullets there were after the cursor.
    pub(crate) passed: u64,
    pub(crate) counts: Counts,
    /// Since when it is counted; `None` before the reader has reached Kafka.
    pub(crate) since: Option<Rfc3339>,
    /// Records wait, and since then none was finished.
    pub(crate) stalled_since: Option<Rfc3339>,
    pub(crate) processors: Vec<String>,
}

impl Wall {
    /// How many bullets are kept.
    const BULLETS: usize = 4000;
    /// How many earlier runs are known by their cursors.
    const EARLIER: usize = 16;
    /// How long a processor counts as running after its last row.
    const PROCESSOR_SEEN: Duration = Duration::from_secs(10);

    /// A new run, because the topic was made anew: nothing of the old one is shown any more. It begins with
    /// partitions that reach so far.
    pub(crate) fn begin(&self, run: u64, ends: PartitionOffsets) {
        let mut state = self.lock();
        let mut earlier = std::mem::take(&mut state.earlier);
        earlier.push(state.run);
        let surplus = earlier.len().saturating_sub(Self::EARLIER);
        earlier.drain(..surplus);
        let since = Some(Millis::now().rfc3339());
        *state = State { run, earlier, since, ends, ..State::default() };
    }

    /// Adds what a round has found.
    pub(crate) fn add(&self, round: Round) {
        let bullets: Vec<_> = round.rows.iter().filter_map(Bullet::of).collect();
        let mut state = self.lock();
        state.next += bullets.len() as u64;
        state.bullets.extend(bullets);
        let surplus = state.bullets.len().saturating_sub(Self::BULLETS);
        state.bullets.drain(..surplus);
        if !round.history {
            let now = Instant::now();
            for row in &round.rows {
                match state.processors.get_mut(&row.processor) {
                    Some(seen) => *seen = now,
                    None => drop(state.processors.insert(row.processor.clone(), now)),
                }
            }
        }
        state.counts = round.counts;
        state.stalled_since = round.stalled_since;
        state.ends = round.ends;
        state.finished = round.finished;
        state.known = round.known;
    }

    /// The topic reaches so far by now: what is new was accepted and waits. An answer that is older than what
    /// is known, or of a topic that was made anew, says nothing. Answers the counts.
    pub(crate) fn grow(&self, ends: &PartitionOffsets) -> Counts {
        let mut state = self.lock();
        if ends.iter().any(|(partition, end)| state.ends.get(partition) > Some(end)) {
            return state.counts;
        }
        for (partition, end) in ends {
            let known = state.ends.entry(*partition).or_default();
            let new = end.since(*known);
            *known = *end;
            state.counts.accepted += new;
            state.counts.waiting += new;
        }
        state.counts
    }

    /// The newest `limit` bullets after the cursor.
    pub(crate) fn view(&self, after: Option<&Cursor>, limit: usize) -> View {
        let mut state = self.lock();
        state.processors.retain(|_, seen| seen.elapsed() < Self::PROCESSOR_SEEN);
        let (bullets, passed) = state.after(after, limit);
        let (run, next, finished) = (state.run, state.next, state.finished.clone());
        View {
            bullets,
            cursor: Cursor { run, next, finished },
            passed,
            counts: state.counts,
            since: state.since,
            stalled_since: state.stalled_since,
            processors: state.processors.keys().cloned().collect(),
        }
    }

    /// The offset after the last record of each partition, as far as is known; empty before the reader
    /// has reached Kafka.
    pub(crate) fn ends(&self) -> PartitionOffsets {
        self.lock().ends.clone()
    }

    /// What is known of one place; nothing before the reader has read all that must come once.
    pub(crate) fn standing(&self, partition: Partition, offset: Offset) -> Option<Standing> {
        let state = self.lock();
        let standing = |known: &Known| known.standing(offset);
        let known = (!state.known.is_empty()).then(|| state.known.get(&partition))?;
        Some(known.map_or(Standing::Beyond, standing))
    }

    /// Which run of the reader this is: each topic that is made anew begins another one.
    pub(crate) fn run(&self) -> u64 {
        self.lock().run
    }

    /// Whether all records before these offsets are finished.
    pub(crate) fn has_finished(&self, ends: &PartitionOffsets) -> bool {
        let state = self.lock();
        ends.iter()
            .all(|(partition, end)| state.finished.get(partition).is_some_and(|it| it >= end))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The newest `limit` bullets after a cursor, of those that are still kept, and how many there were in
    /// all.
    fn after(&self, cursor: Option<&Cursor>, limit: usize) -> (Vec<Bytes>, u64) {
        let newest_first = self.bullets.iter().rev();
        match cursor {
            None => (newest(newest_first, limit), self.next),
            // It is of an earlier topic: all of this one is new.
            Some(cursor) if self.earlier.contains(&cursor.run) => {
                (newest(newest_first, limit), self.next)
            }
            Some(cursor) if cursor.run == self.run && cursor.next <= self.next => {
                let passed = self.next - cursor.next;
                let kept = usize::try_from(passed).unwrap_or(usize::MAX);
                (newest(newest_first.take(kept), limit), passed)
            }
            Some(foreign) => {
                let unseen = |bullet: &&Bullet| foreign.is_open(bullet.partition, bullet.offset);
                let passed = self.bullets.iter().filter(unseen).count() as u64;
                (newest(newest_first.filter(unseen), limit), passed)
            }
        }
    }
}

#[cfg(test)]
mod tests;

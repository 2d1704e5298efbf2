//! One burst of this homepage: what was asked, how far it is, and what is written of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use barrage::kafka::PartitionOffsets;
use barrage::position::Position;
use barrage::table::{BurstRow, State};
use barrage::time::{Millis, Rfc3339};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::tally::Rows;
use crate::limits::Running;
use crate::request::BurstRequest;

/// A burst that this homepage runs or has run.
#[derive(Debug)]
pub(crate) struct Burst {
    pub(crate) id: Uuid,
    pub(crate) request: BurstRequest,
    /// Cancelled to stop the senders.
    pub(crate) stop: CancellationToken,
    /// Cancelled once its row is written: from then on every homepage knows it.
    pub(crate) written: CancellationToken,
    rows: Arc<Rows>,
    accepted: AtomicU64,
    failed: AtomicU64,
    started_at: Millis,
    started: Instant,
    from: PartitionOffsets,
    /// Of which run of the reader these offsets are.
    run: u64,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    state: State,
    /// After the last acknowledged record of each partition.
    to: PartitionOffsets,
    ended_at: Option<Millis>,
}

/// What the API says of a burst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) id: Uuid,
    pub(crate) state: State,
    pub(crate) message: String,
    pub(crate) concurrency: u32,
    pub(crate) duration: u32,
    pub(crate) rate: u32,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) stored: u64,
    pub(crate) blocked: u64,
    pub(crate) started_at: Rfc3339,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Rfc3339>,
}

impl Burst {
    /// A burst whose records will lie at `from` or after it, in the topic of this run of the reader.
    pub(crate) fn new(
        request: BurstRequest,
        (run, from): (u64, PartitionOffsets),
        rows: Arc<Rows>,
        id: Uuid,
        stop: CancellationToken,
    ) -> Self {
        let progress =
            Progress { state: State::Running, to: PartitionOffsets::new(), ended_at: None };
        Self {
            id,
            request,
            stop,
            written: CancellationToken::new(),
            rows,
            accepted: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            started_at: Millis::now(),
            started: Instant::now(),
            from,
            run,
            progress: Mutex::new(progress),
        }
    }

    /// Kafka has acknowledged one of its messages.
    pub(crate) fn accepted(&self, at: &Position) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let mut progress = self.lock();
        let end = progress.to.entry(at.partition).or_default();
        *end = (*end).max(at.offset.next());
    }

    /// Of which run of the reader it is.
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// Kafka has not acknowledged one of its messages.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// All is sent: what is the state once all that was accepted is finished?
    pub(crate) fn sent(&self, stopped: bool) -> State {
        let (accepted, failed) = self.sent_counts();
        self.lock().state = State::Draining;
        match (stopped, accepted, failed) {
            (true, _, _) => State::Stopped,
            (false, 0, 1..) => State::Failed,
            (false, _, _) => State::Done,
        }
    }

    /// It has come to its end.
    pub(crate) fn end(&self, state: State) {
        let mut progress = self.lock();
        progress.state = state;
        progress.ended_at = Some(Millis::now());
    }

    /// How long it has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What it takes from the limits while its senders send.
    pub(crate) fn running(&self) -> Option<Running> {
        let duration = Duration::from_secs(self.request.duration.into());
        let remaining = duration.saturating_sub(self.elapsed());
        (self.lock().state == State::Running)
            .then(|| Running { rate: self.request.total_rate(), remaining })
    }

    /// Its state.
    pub(crate) fn state(&self) -> State {
        self.lock().state
    }

    /// Between which offsets its records lie, as far as is known.
    pub(crate) fn positions(&self) -> (PartitionOffsets, PartitionOffsets) {
        (self.from.clone(), self.lock().to.clone())
    }

    fn sent_counts(&self) -> (u64, u64) {
        (self.accepted.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// How far it is.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let (accepted, failed) = self.sent_counts();
        let progress = self.lock();
        Snapshot {
            id: self.id,
            state: progress.state,
            message: self.request.message.as_str().to_owned(),
            concurrency: self.request.concurrency,
            duration: self.request.duration,
            rate: self.request.rate,
            accepted,
            failed,
            stored: self.rows.stored(),
            blocked: self.rows.blocked(),
            started_at: self.started_at.rfc3339(),
            ended_at: progress.ended_at.map(Millis::rfc3339),
        }
    }

    /// Its row, as it is written now.
    pub(crate) fn row(&self, homepage: &str, ttl: Duration) -> BurstRow {
        let now = self.snapshot();
        let (from, to) = self.positions();
        let heartbeat = Millis::now();
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        BurstRow {
            id: now.id,
            message: now.message,
            concurrency: now.concurrency,
            duration: now.duration,
            rate: now.rate,
            state: now.state,
            accepted: now.accepted,
            failed: now.failed,
            stored: now.stored,
            blocked: now.blocked,
            from,
            to,
            homepage: homepage.to_owned(),
            started_at: self.started_at,
            heartbeat,
            expires_at: Millis(heartbeat.0.saturating_add(ttl)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<BurstRow> for Snapshot {
    fn from(row: BurstRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            message: row.message,
            concurrency: row.concurrency,
            duration: row.duration,
            rate: row.rate,
            accepted: row.accepted,
            failed: row.failed,
            stored: row.stored,
            blocked: row.blocked,
            started_at: row.started_at.rfc3339(),
            ended_at: row.state.is_final().then(|| row.heartbeat.rfc3339()),
        }
    }
}

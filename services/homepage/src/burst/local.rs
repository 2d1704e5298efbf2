//! One burst of this homepage: its parameters, how far it is, and the row that the table gets of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use barrage::kafka::PartitionOffsets;
use barrage::position::Position;
use barrage::table::{BurstRow, State, StopReason};
use barrage::time::Millis;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::owner::Owner;
use super::snapshot::Snapshot;
use crate::device::Client;
use crate::limits::Running;
use crate::reader::progress::BurstRows;
use crate::request::BurstRequest;

/// A burst that this homepage runs or ran.
#[derive(Debug)]
pub(crate) struct Burst {
    pub(crate) id: Uuid,
    pub(crate) request: BurstRequest,
    /// Who has begun it.
    pub(crate) client: Client,
    /// Who may stop it.
    pub(crate) owner: Owner,
    /// Cancelled to stop the senders.
    pub(crate) stop: CancellationToken,
    /// Cancelled once its row is written: from then on every homepage knows it.
    pub(crate) written: CancellationToken,
    rows: Arc<BurstRows>,
    accepted: AtomicU64,
    failed: AtomicU64,
    /// Known when all accepted records are finished.
    expired: AtomicU64,
    started_at: Millis,
    started: Instant,
    /// Its records have these offsets or later ones.
    from: PartitionOffsets,
    /// The run of the reader that `from` belongs to.
    run: u64,
    status: Mutex<Status>,
}

#[derive(Debug)]
struct Status {
    state: State,
    stop_reason: Option<StopReason>,
    /// The offset after the last acknowledged record of each partition.
    to: PartitionOffsets,
    ended_at: Option<Millis>,
}

impl Burst {
    /// A burst whose records will have offsets of `from` or later ones, in the topic of this run of the reader.
    pub(crate) fn new(
        (request, client, owner): (BurstRequest, Client, Owner),
        (run, from): (u64, PartitionOffsets),
        rows: Arc<BurstRows>,
        id: Uuid,
        stop: CancellationToken,
    ) -> Self {
        let (state, to) = (State::Running, PartitionOffsets::new());
        let status = Status { state, stop_reason: None, to, ended_at: None };
        Self {
            id,
            request,
            client,
            owner,
            stop,
            written: CancellationToken::new(),
            rows,
            accepted: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            started_at: Millis::now(),
            started: Instant::now(),
            from,
            run,
            status: Mutex::new(status),
        }
    }

    /// Counts a message that Kafka acknowledged.
    pub(crate) fn accepted(&self, at: &Position) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let mut status = self.status.lock();
        let end = status.to.entry(at.partition).or_default();
        *end = (*end).max(at.offset.next());
    }

    /// Counts a message that Kafka did not acknowledge.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets how many of its messages Kafka deleted before they were processed.
    pub(crate) fn expired(&self, messages: u64) {
        self.expired.store(messages, Ordering::Relaxed);
    }

    /// The run of the reader in which it was started.
    pub(crate) fn reader_run(&self) -> u64 {
        self.run
    }

    /// All senders have ended. Returns the state that the burst gets once all accepted records are finished, and why.
    pub(crate) fn begin_draining(&self, was_stopped: bool) -> (State, Option<StopReason>) {
        let (accepted, failed) = self.sent();
        self.status.lock().state = State::Draining;
        match (was_stopped, accepted, failed) {
            (true, _, _) => (State::Stopped, Some(StopReason::Requested)),
            (false, 0, 1..) => (State::Failed, None),
            (false, _, _) => (State::Done, None),
        }
    }

    /// Ends it with its final state.
    pub(crate) fn end(&self, (state, stop_reason): (State, Option<StopReason>)) {
        let mut status = self.status.lock();
        (status.state, status.stop_reason) = (state, stop_reason);
        status.ended_at = Some(Millis::now());
    }

    /// Its share of the limits; `None` once its senders have ended, and for a burst of one message, which is no more
    /// than a single message.
    pub(crate) fn running(&self) -> Option<Running> {
        let (client, rate) = (self.client, self.request.total_rate());
        let duration = Duration::from_secs(self.request.duration.into());
        let remaining = duration.saturating_sub(self.started.elapsed());
        let takes_a_place = self.request.planned() > 1 && self.state() == State::Running;
        takes_a_place.then_some(Running { client, rate, remaining })
    }

    pub(crate) fn state(&self) -> State {
        self.status.lock().state
    }

    /// The offsets at which its records begin, and after which they end, as far as is known.
    pub(crate) fn offset_range(&self) -> (PartitionOffsets, PartitionOffsets) {
        (self.from.clone(), self.status.lock().to.clone())
    }

    pub(crate) fn accepted_so_far(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many messages were accepted and how many failed.
    fn sent(&self) -> (u64, u64) {
        (self.accepted.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let (accepted, failed) = self.sent();
        let status = self.status.lock();
        Snapshot {
            id: self.id,
            state: status.state,
            stop_reason: status.stop_reason,
            message: self.request.message.as_str().to_owned(),
            concurrency: self.request.concurrency,
            duration: self.request.duration,
            rate: self.request.rate,
            accepted,
            failed,
            stored: self.rows.stored(),
            blocked: self.rows.blocked(),
            expired: self.expired.load(Ordering::Relaxed),
            started_at: self.started_at.rfc3339(),
            ended_at: status.ended_at.map(Millis::rfc3339),
        }
    }

    /// Its row as of now, with a new heartbeat.
    pub(crate) fn row(&self, homepage: &str, ttl: Duration) -> BurstRow {
        let now = self.snapshot();
        let (from, to) = self.offset_range();
        let heartbeat = Millis::now();
        BurstRow {
            id: now.id,
            message: now.message,
            concurrency: now.concurrency,
            duration: now.duration,
            rate: now.rate,
            state: now.state,
            stop_reason: now.stop_reason,
            accepted: now.accepted,
            failed: now.failed,
            stored: now.stored,
            blocked: now.blocked,
            expired: now.expired,
            from,
            to,
            stop_token: self.owner.stop_token.clone(),
            device: self.owner.device.clone(),
            homepage: homepage.to_owned(),
            started_at: self.started_at,
            heartbeat,
            expires_at: heartbeat.plus(ttl),
        }
    }
}

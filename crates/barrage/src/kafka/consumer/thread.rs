//! The thread of a consumer: it polls librdkafka, which reports rebalances from within a poll.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc;

use super::event::{ConsumerEvent, RevokeGuard};
use super::gate::Gate;
use crate::kafka::config::REQUEST_TIMEOUT;
use crate::kafka::denial::Access;
use crate::kafka::error_callback::log_unless_event;
use crate::kafka::offsets::{known, request};
use crate::kafka::{Begin, ConsumerRecord, Error};
use crate::position::Partition;

/// How long a revoke waits for the caller.
pub(super) const REVOKE_TIMEOUT: Duration = Duration::from_secs(3);

/// The loop of the thread.
pub(super) struct Poller {
    pub(super) consumer: Arc<BaseConsumer<RebalanceCallback>>,
    pub(super) events: mpsc::Sender<Vec<ConsumerEvent>>,
    pub(super) gate: Arc<Gate>,
}

impl Poller {
    /// The limit of one poll, and of one wait at the gate. After each the thread checks whether it must end.
    const POLL: Duration = Duration::from_millis(100);
    /// How many events are sent together at most.
    pub(super) const BATCH: usize = 64;

    /// Polls until the caller has dropped the receiver of the events.
    pub(super) fn run(self) {
        while !self.events.is_closed() {
            if !self.gate.is_open_within(Self::POLL) {
                continue;
            }
            self.poll_batch();
            let batch = self.consumer.context().take_batch();
            // A full channel blocks here: a caller that is slow slows the thread down.
            if !batch.is_empty() && self.events.blocking_send(batch).is_err() {
                return;
            }
        }
    }

    /// Waits for an event, and takes those that are there already.
    fn poll_batch(&self) {
        let callback = self.consumer.context();
        let mut limit = Self::POLL;
        for _ in 0..Self::BATCH {
            let Some(polled) = self.consumer.poll(limit) else { return };
            let event = match polled {
                Ok(message) => {
                    ConsumerRecord::of(&message, &callback.access.topic).map(ConsumerEvent::Record)
                }
                Err(error) => Some(ConsumerEvent::Failed(self.error(error))),
            };
            callback.batch.lock().extend(event);
            limit = Duration::ZERO;
        }
    }

    fn error(&self, error: KafkaError) -> Error {
        match self.consumer.client().fatal_error() {
            Some((_, reason)) => Error::Fatal(reason),
            None => Error::of(error, &self.consumer.context().access),
        }
    }
}

/// Reports rebalances to the caller. librdkafka calls it from within a poll, so on the polling thread; the
/// partitions change hands when the callback returns.
///
/// An example: the group gets a second member, which is to have partition 3.
///
/// 1. The poll calls `pre_rebalance` with `Revoke([3])`.
/// 2. The caller receives `Revoked({3}, guard)`. It finishes the records of partition 3 that are in flight,
///    stores their offsets, and drops the guard.
/// 3. The callback commits what is stored and returns. Partition 3 is no longer ours.
///
/// A caller that does not drop the guard within [`REVOKE_TIMEOUT`] loses only time: the other member reads
/// again what was not stored.
pub(super) struct RebalanceCallback {
    /// Weak, so that the channel closes when the polling thread has ended.
    events: mpsc::WeakSender<Vec<ConsumerEvent>>,
    access: Access,
    /// Events that were polled and not sent yet. The caller gets them before a rebalance that is reported now.
    batch: Mutex<Vec<ConsumerEvent>>,
}

impl ClientContext for RebalanceCallback {
    fn error(&self, error: KafkaError, reason: &str) {
        log_unless_event(&error, reason);
    }
}

impl ConsumerContext for RebalanceCallback {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                self.send(ConsumerEvent::Assigned(begins(consumer, list)));
            }
            Rebalance::Revoke(list) if list.count() > 0 => self.revoke(consumer, list),
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => {
                self.send(ConsumerEvent::Failed(Error::of(error.clone(), &self.access)));
            }
        }
    }
}

impl RebalanceCallback {
    pub(super) fn new(events: mpsc::WeakSender<Vec<ConsumerEvent>>, access: Access) -> Self {
        Self { events, access, batch: Mutex::default() }
    }

    fn take_batch(&self) -> Vec<ConsumerEvent> {
        std::mem::take(&mut self.batch.lock())
    }

    fn send(&self, event: ConsumerEvent) {
        let mut batch = self.take_batch();
        batch.push(event);
        let events = self.events.upgrade();
        if events.is_none_or(|events| events.blocking_send(batch).is_err()) {
            tracing::debug!("the caller of the consumer is gone: it misses an event");
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let (guard, dropped) = RevokeGuard::new();
        self.send(ConsumerEvent::Revoked(partitions(list), guard));
        if dropped.recv_timeout(REVOKE_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("what was in flight did not finish before the revoke");
        }
        if consumer.assignment_lost() {
            tracing::warn!("partitions were lost: what was in flight is read again");
            return;
        }
        match consumer.commit_consumer_state(CommitMode::Sync) {
            Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
            Err(error) => tracing::warn!(%error, "could not commit before a revoke"),
        }
    }
}

/// Where these partitions are read from: at what the group has committed, else at the first record.
fn begins(
    consumer: &BaseConsumer<RebalanceCallback>,
    list: &TopicPartitionList,
) -> BTreeMap<Partition, Begin> {
    let known = known_begins(consumer, list).unwrap_or_else(|error| {
        tracing::debug!(%error, "kafka does not say where the partitions begin");
        BTreeMap::new()
    });
    let begin = |partition| (partition, known.get(&partition).copied().unwrap_or(Begin::Unknown));
    partitions(list).into_iter().map(begin).collect()
}

fn known_begins(
    consumer: &BaseConsumer<RebalanceCallback>,
    list: &TopicPartitionList,
) -> Result<BTreeMap<Partition, Begin>, KafkaError> {
    let committed = known(&consumer.committed_offsets(list.clone(), REQUEST_TIMEOUT)?);
    let committed = committed.into_iter().map(|(it, offset)| (it, Begin::Committed(offset)));
    let mut begins: BTreeMap<_, _> = committed.collect();
    let uncommitted = partitions(list).into_iter().filter(|it| !begins.contains_key(it));
    let uncommitted: Vec<_> = uncommitted.collect();
    if !uncommitted.is_empty() {
        let topic = &consumer.context().access.topic;
        let request = request(topic, &uncommitted, KafkaOffset::Beginning)?;
        let first = known(&consumer.offsets_for_times(request, REQUEST_TIMEOUT)?);
        begins.extend(first.into_iter().map(|(it, offset)| (it, Begin::First(offset))));
    }
    Ok(begins)
}

fn partitions(list: &TopicPartitionList) -> BTreeSet<Partition> {
    list.elements().iter().map(|element| element.partition()).collect()
}

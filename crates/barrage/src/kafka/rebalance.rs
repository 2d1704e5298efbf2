//! What happens when partitions are given to us or taken away.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, TopicPartitionList};
use tokio::sync::mpsc;

use super::Error;
use super::asked::Asked;
use super::consumer::{Consumer, ConsumerEvent};
use crate::position::Partition;

/// Keeps a revoke waiting. Nothing is ever sent: what counts is that it is dropped.
#[derive(Debug)]
pub struct RevokeGuard(#[expect(dead_code, reason = "held, never used")] SyncSender<()>);

/// Hears of rebalances, on the polling thread.
pub(super) struct Context {
    /// Weak, so that the channel closes when the polling thread has ended.
    pub(super) events: mpsc::WeakSender<ConsumerEvent>,
    pub(super) asked: Asked,
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.tell(ConsumerEvent::Assigned(partitions(list))),
            Rebalance::Revoke(list) if list.count() > 0 => self.revoke(consumer, list),
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => {
                self.tell(ConsumerEvent::Failed(Error::of(error.clone(), &self.asked)));
            }
        }
    }
}

impl Context {
    fn tell(&self, event: ConsumerEvent) {
        let listener = self.events.upgrade();
        if listener.is_none_or(|events| events.blocking_send(event).is_err()) {
            tracing::debug!("nobody listens to the consumer any more");
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let (hold, dropped) = sync_channel(0);
        self.tell(ConsumerEvent::Revoked(partitions(list), RevokeGuard(hold)));
        if dropped.recv_timeout(Consumer::REVOKE_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
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

fn partitions(list: &TopicPartitionList) -> BTreeSet<Partition> {
    list.elements().iter().map(|element| element.partition()).collect()
}

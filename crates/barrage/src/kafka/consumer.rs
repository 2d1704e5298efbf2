//! Receives records as a member of a consumer group.
//!
//! librdkafka must be polled all the time, or the group takes the partitions away. Its rebalance callback
//! must block until the records of the partitions that are taken away are finished. A task of tokio can
//! promise neither, so a thread of its own polls. It sends [`ConsumerEvent`]s to the caller through a bounded
//! channel, so a slow caller slows the thread down. What librdkafka has ready at one time is sent together, so the
//! caller wakes once for all of it.
//!
//! The caller decides which offsets may be committed, and says so by [`Consumer::store`]. librdkafka commits
//! what is stored in the background and before a revoke.

mod event;
mod gate;
mod thread;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::{mpsc, oneshot};

use super::denial::Operation;
use super::{Config, Error, GroupInstanceId, PartitionOffsets};
use crate::position::{Offset, Partition, Topic};
use gate::Gate;
use thread::{Poller, RebalanceCallback};

pub use event::{Begin, ConsumerEvent, RevokeGuard};

/// A member of a consumer group.
pub struct Consumer {
    inner: Arc<BaseConsumer<RebalanceCallback>>,
    topic: Topic,
    events: mpsc::Receiver<Vec<ConsumerEvent>>,
    /// Events that were received and not handed out yet.
    received: VecDeque<ConsumerEvent>,
    gate: Arc<Gate>,
    /// Told when the thread has closed the client.
    closed: oneshot::Receiver<()>,
}

impl Consumer {
    /// How many batches of events may wait for the caller, each of at most [`Poller::BATCH`].
    const CHANNEL: usize = 2;
    /// How long a revoke waits for the caller to drop the [`RevokeGuard`].
    pub const REVOKE_TIMEOUT: Duration = thread::REVOKE_TIMEOUT;

    /// Joins the group, as a static member if it has an `instance_id`. `fetch_wait` is how long a broker may hold back an
    /// empty answer.
    ///
    /// # Errors
    /// When librdkafka refuses the configuration, or the thread cannot be started.
    pub fn join(
        config: &Config,
        instance_id: Option<&GroupInstanceId>,
        fetch_wait: Duration,
    ) -> Result<Self, Error> {
        let (sender, events) = mpsc::channel(Self::CHANNEL);
        let topic = config.topic.clone();
        let access = config.access(Operation::Read);
        let callback = RebalanceCallback::new(sender.downgrade(), access.clone());
        let mut settings = settings(config, fetch_wait);
        if let Some(id) = instance_id {
            settings.set("group.instance.id", id.as_str());
        }
        let inner: Arc<BaseConsumer<RebalanceCallback>> =
            Arc::new(settings.create_with_context(callback).map_err(Error::Configuration)?);
        inner.subscribe(&[topic.as_str()]).map_err(|error| Error::of(error, &access))?;
        let gate = Arc::new(Gate::default());
        let poller = Poller { consumer: inner.clone(), events: sender, gate: gate.clone() };
        let (tell, closed) = oneshot::channel();
        let poll = move || {
            poller.run();
            // Nobody listens if the caller has not left, or has waited long enough.
            let _heard = tell.send(());
        };
        let thread = std::thread::Builder::new().name("kafka-consumer".into());
        let _detached = thread.spawn(poll).map_err(|_| Error::Closed)?;
        Ok(Self { inner, topic, events, received: VecDeque::new(), gate, closed })
    }

    /// The next event, if one is there already.
    pub fn try_next(&mut self) -> Option<ConsumerEvent> {
        if self.received.is_empty() {
            self.received.extend(self.events.try_recv().ok()?);
        }
        self.received.pop_front()
    }

    /// The next event; `None` when the client's thread has died. Cancel-safe.
    pub async fn next(&mut self) -> Option<ConsumerEvent> {
        if self.received.is_empty() {
            self.received.extend(self.events.recv().await?);
        }
        self.received.pop_front()
    }

    /// Commits what is stored and leaves the group. A static member stays in it until its session ends.
    ///
    /// # Errors
    /// When the client's thread has died.
    pub async fn leave(self) -> Result<(), Error> {
        let Self { inner, events, received, closed, .. } = self;
        // Now the thread has the last reference. When it ends, the client is closed, which revokes all.
        drop(inner);
        // A closed channel ends the thread, and a revoke does not wait for anybody.
        drop((events, received));
        // The runtime would not end before a blocking task that joins it, however long Kafka takes to answer.
        closed.await.map_err(|_| Error::Closed)
    }

    /// Stops handing out events, or goes on. librdkafka still reads ahead as far as it has room. While
    /// polling is suspended no rebalance is reported either; after some minutes (`max.poll.interval.ms`) the
    /// group takes the partitions away.
    pub fn suspend_polling(&self, suspended: bool) {
        self.gate.close(suspended);
    }

    /// These partitions deliver nothing until they are resumed.
    pub fn pause(&self, partitions: &BTreeSet<Partition>) {
        self.log_failure("pause", self.inner.pause(&self.list(partitions)));
    }

    pub fn resume(&self, partitions: &BTreeSet<Partition>) {
        self.log_failure("resume", self.inner.resume(&self.list(partitions)));
    }

    /// From now on a restart reads each partition from its offset on. They are committed soon. On a partition that is
    /// not ours any more it does nothing.
    pub fn store(&self, offsets: &PartitionOffsets) {
        let list = commits(&self.topic, offsets, "");
        self.log_failure("store", list.and_then(|list| self.inner.store_offsets(&list)));
    }

    /// Sets the group's commit of this partition back to `next`, after the topic was recreated. librdkafka's
    /// timer alone only ever commits forward.
    pub fn reset_commit(&self, partition: Partition, next: Offset) {
        self.commit_now(&PartitionOffsets::from([(partition, next)]), "");
    }

    /// Commits these offsets, as they may have been committed before, with this text beside each. The next offset that
    /// is stored for a partition has none.
    pub fn commit_now(&self, offsets: &PartitionOffsets, metadata: &str) {
        let list = commits(&self.topic, offsets, metadata);
        // First the store, so that the timer does not commit the old offset or text again.
        let stored = list.and_then(|list| self.inner.store_offsets(&list).map(|()| list));
        let committed = stored.and_then(|list| self.inner.commit(&list, CommitMode::Async));
        self.log_failure("commit", committed);
    }

    /// Reads this partition again from its first record.
    pub fn seek_to_beginning(&self, partition: Partition) {
        self.seek_to(partition, KafkaOffset::Beginning);
    }

    /// Reads this partition again from an offset.
    pub fn seek(&self, partition: Partition, offset: Offset) {
        self.seek_to(partition, KafkaOffset::Offset(offset.get()));
    }

    fn seek_to(&self, partition: Partition, offset: KafkaOffset) {
        // With a timeout of zero it does not wait.
        let sought = self.inner.seek(self.topic.as_str(), partition, offset, Duration::ZERO);
        self.log_failure("seek", sought);
    }

    fn list(&self, partitions: &BTreeSet<Partition>) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(self.topic.as_str(), *partition);
        }
        list
    }

    /// These calls fail only for a partition that was taken away meanwhile. That does no harm.
    fn log_failure(&self, what: &str, result: Result<(), KafkaError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "could not {what}: the partition is not ours any more");
        }
    }
}

/// What a commit of these offsets says, with the same text beside each.
fn commits(
    topic: &Topic,
    offsets: &PartitionOffsets,
    metadata: &str,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, next) in offsets {
        let mut commit = list.add_partition(topic.as_str(), *partition);
        commit.set_offset(KafkaOffset::Offset(next.get()))?;
        if !metadata.is_empty() {
            commit.set_metadata(metadata);
        }
    }
    Ok(list)
}

fn settings(config: &Config, fetch_wait: Duration) -> ClientConfig {
    let mut client = config.client("consumer");
    client
        .set("group.id", config.group.as_str())
        .set("auto.offset.reset", "earliest")
        // Only transactions that were committed count. This is also librdkafka's default.
        .set("isolation.level", "read_committed")
        // A corrupt batch is an error, and not a record with damaged bytes.
        .set("check.crcs", "true")
        .set("enable.auto.offset.store", "false")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "200")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1500")
        // A topic that was recreated is found again soon.
        .set("topic.metadata.refresh.interval.ms", "5000")
        .set("fetch.wait.max.ms", fetch_wait.as_millis().to_string())
        // What librdkafka reads ahead takes memory too.
        .set("queued.min.messages", "2000")
        // As soon as there is less, more is fetched. The default of one second would dominate the latency.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "8192");
    client
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::config::{self, Vars};

    const DEADLINE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_static_member_whose_place_another_one_takes_fails_for_good() {
        let broker = MockCluster::new(1).unwrap();
        broker.create_topic("barrage-info", 1, 1).unwrap();
        let vars = Vars::from_iter([("KAFKA_SERVER", broker.bootstrap_servers().as_str())]);
        let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
        let fenced = RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
        broker.request_errors(RDKafkaApiKey::Heartbeat, &[fenced]);
        let id = "router-1".parse().unwrap();
        let mut consumer = Consumer::join(&config, Some(&id), Duration::from_millis(100)).unwrap();

        let fatal = async {
            loop {
                if let ConsumerEvent::Failed(Error::Fatal(why)) = consumer.next().await.unwrap() {
                    return why;
                }
            }
        };
        let why = tokio::time::timeout(DEADLINE, fatal).await.unwrap();
        assert!(why.contains("group.instance.id"), "{why}");
    }
}

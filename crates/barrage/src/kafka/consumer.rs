//! Receives records as a member of a consumer group.
//!
//! librdkafka wants to be polled all the time, and its rebalance callback blocks until the partitions
//! that are taken away are cleaned up. So a thread of its own polls, and hands on what it gets as
//! [`ConsumerEvent`]s through a bounded channel. Which offsets may be committed is decided by the caller, who
//! says so by [`Consumer::store`]; committing happens in the background, and before a revoke.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc;

use super::asked::What;
use super::gate::Gate;
use super::poller::Poller;
use super::rebalance::{Context, RevokeGuard};
use super::{Config, Error};
use crate::event::Header;
use crate::position::{Offset, Partition, Position, Topic};

/// A record as it was received.
#[derive(Clone, Debug)]
pub struct ConsumerRecord {
    /// Where it lies.
    pub position: Position,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order, without those whose names are not UTF-8.
    pub headers: Vec<Header>,
    /// The first header whose name is not UTF-8, counted from 1.
    pub unreadable: Option<usize>,
}

impl ConsumerRecord {
    /// About how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        let header = |(name, value): &Header| name.len() + value.as_ref().map_or(0, Bytes::len);
        let parts = [&self.key, &self.value].map(|part| part.as_ref().map_or(0, Bytes::len));
        parts.iter().sum::<usize>() + self.headers.iter().map(header).sum::<usize>()
    }
}

/// What happens to a member of a group.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// These partitions are ours from now on.
    Assigned(BTreeSet<Partition>),
    /// These partitions will be taken away as soon as the [`RevokeGuard`] is dropped, at the latest after
    /// [`Consumer::REVOKE_TIMEOUT`]. What is stored by then is committed.
    Revoked(BTreeSet<Partition>, RevokeGuard),
    /// A record of a partition that is ours.
    Record(ConsumerRecord),
    /// The client could not do what it should; it goes on trying.
    Failed(Error),
}

/// A member of a consumer group.
pub struct Consumer {
    inner: Arc<BaseConsumer<Context>>,
    topic: Topic,
    events: mpsc::Receiver<ConsumerEvent>,
    gate: Arc<Gate>,
    thread: JoinHandle<()>,
}

impl Consumer {
    /// How many events may wait for the caller.
    const CHANNEL: usize = 256;
    /// How long the thread polls, or waits at its gate, before it looks whether it shall end.
    pub(super) const POLL: Duration = Duration::from_millis(100);
    /// How long a revoke waits for the caller.
    pub const REVOKE_TIMEOUT: Duration = Duration::from_secs(3);

    /// Joins the group. `fetch_wait` is how long a broker may hold back an empty answer.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration, or has no thread.
    pub fn join(config: &Config, fetch_wait: Duration) -> Result<Self, Error> {
        let (sender, events) = mpsc::channel(Self::CHANNEL);
        let topic = config.topic.clone();
        let asked = config.asked(What::Read);
        let context = Context { events: sender.downgrade(), asked: asked.clone() };
        let inner: Arc<BaseConsumer<Context>> = Arc::new(
            settings(config, fetch_wait)
                .create_with_context(context)
                .map_err(Error::Configuration)?,
        );
        inner.subscribe(&[topic.as_str()]).map_err(|error| Error::of(error, &asked))?;
        let gate = Arc::new(Gate::default());
        let poller = Poller { consumer: inner.clone(), events: sender, gate: gate.clone() };
        let thread = std::thread::Builder::new()
            .name("kafka-consumer".into())
            .spawn(move || poller.run())
            .map_err(|_| Error::Closed)?;
        Ok(Self { inner, topic, events, gate, thread })
    }

    /// A event that is there already.
    pub fn try_next(&mut self) -> Option<ConsumerEvent> {
        self.events.try_recv().ok()
    }

    /// The next event; `None` when the client's thread has died. Cancel-safe.
    pub async fn next(&mut self) -> Option<ConsumerEvent> {
        self.events.recv().await
    }

    /// Commits what is stored and leaves the group.
    ///
    /// # Errors
    /// When the client's thread has died.
    pub async fn leave(self) -> Result<(), Error> {
        let Self { inner, events, thread, .. } = self;
        // The thread has the last reference: dropping that closes the client, which revokes all.
        drop(inner);
        // Nobody listens any more: that ends the thread, and holds up no revoke.
        drop(events);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        joined.map_err(|_| Error::Closed)?.map_err(|_| Error::Closed)
    }

    /// Whether it is to hand out nothing for now. It reads ahead as far as it has room, and no further. It
    /// hears of no rebalance either, and loses its membership if it rests for minutes.
    pub fn suspend_polling(&self, suspended: bool) {
        self.gate.close(suspended);
    }

    /// Lets these partitions deliver nothing until they are resumed.
    pub fn pause(&self, partitions: &BTreeSet<Partition>) {
        self.note("pause", self.inner.pause(&self.list(partitions)));
    }

    /// Lets these partitions deliver again.
    pub fn resume(&self, partitions: &BTreeSet<Partition>) {
        self.note("resume", self.inner.resume(&self.list(partitions)));
    }

    /// A restart shall read this partition from `next`. It is committed soon; on a partition that is not
    /// ours any more it does nothing.
    pub fn store(&self, partition: Partition, next: Offset) {
        let mut list = TopicPartitionList::with_capacity(1);
        let offset = KafkaOffset::Offset(next.get());
        let added = list.add_partition_offset(self.topic.as_str(), partition, offset);
        self.note("store", added.and_then(|()| self.inner.store_offsets(&list)));
    }

    /// Sets the group's commit of this partition back to `next`: the topic was made anew. The client's
    /// timer alone only ever commits forward.
    pub fn reset_commit(&self, partition: Partition, next: Offset) {
        // First, so that the timer does not commit once more what was stored before.
        self.store(partition, next);
        let mut list = TopicPartitionList::with_capacity(1);
        let offset = KafkaOffset::Offset(next.get());
        let added = list.add_partition_offset(self.topic.as_str(), partition, offset);
        self.note("set back", added.and_then(|()| self.inner.commit(&list, CommitMode::Async)));
    }

    /// Reads this partition anew from its first record.
    pub fn seek_to_beginning(&self, partition: Partition) {
        let begin = KafkaOffset::Beginning;
        // Without a time-out it waits for nothing.
        let sought = self.inner.seek(self.topic.as_str(), partition, begin, Duration::ZERO);
        self.note("seek_to_beginning", sought);
    }

    fn list(&self, partitions: &BTreeSet<Partition>) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(self.topic.as_str(), *partition);
        }
        list
    }

    /// All of these fail only for a partition that was taken away meanwhile, which is no harm.
    fn note(&self, what: &str, result: Result<(), KafkaError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "{what}: the partition is not ours any more");
        }
    }
}

fn settings(config: &Config, fetch_wait: Duration) -> ClientConfig {
    let mut client = config.client("consumer");
    client
        .set("group.id", config.group.as_str())
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.offset.store", "false")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "200")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1500")
        // A topic that is created anew is found again soon.
        .set("topic.metadata.refresh.interval.ms", "5000")
        .set("fetch.wait.max.ms", fetch_wait.as_millis().to_string())
        // What the client reads ahead is memory too.
        .set("queued.min.messages", "2000")
        // As soon as there is less, more is fetched; the client's own second would be the most of the time.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "8192");
    client
}

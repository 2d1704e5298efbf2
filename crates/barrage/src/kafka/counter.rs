//! Counts records of the topic by their key, for what nobody has counted while it happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::asked::{Asked, What};
use super::{Config, Error, PartitionOffsets};
use crate::position::Offset;

/// Reads a range of the topic again, without a group.
#[derive(Clone)]
pub struct RecordCounter {
    client: ClientConfig,
    asked: Asked,
    /// One at a time: a scan takes a thread and a connection.
    turn: Arc<Semaphore>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many records have the key.
    pub records: u64,
    /// The offset after the last one of each partition.
    pub ends: PartitionOffsets,
}

impl RecordCounter {
    /// How long the broker may give no record before the counting is given up.
    const SILENCE: Duration = Duration::from_secs(10);

    /// Counts in the configured topic.
    pub fn new(config: &Config) -> Self {
        let mut client = config.onlooker("counter");
        client.set("enable.partition.eof", "false").set("queued.max.messages.kbytes", "4096");
        Self { client, asked: config.asked(What::Read), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Counts the records whose key begins with `prefix`, from `from` up to `to`.
    ///
    /// # Errors
    /// When Kafka does not give the whole range.
    pub async fn count(
        &self,
        from: PartitionOffsets,
        to: PartitionOffsets,
        prefix: Vec<u8>,
    ) -> Result<Counted, Error> {
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let this = self.clone();
        // Whoever has asked may go away, or the process may stop: then the thread ends as well.
        let wanted = CancellationToken::new();
        let gone = wanted.clone().drop_guard();
        let counting = move || {
            let counted = this.count_blocking(&from, &to, &prefix, &wanted);
            drop(turn);
            counted
        };
        let counted = tokio::task::spawn_blocking(counting).await.map_err(|_| Error::Closed)?;
        drop(gone);
        counted
    }

    fn count_blocking(
        &self,
        from: &PartitionOffsets,
        to: &PartitionOffsets,
        prefix: &[u8],
        wanted: &CancellationToken,
    ) -> Result<Counted, Error> {
        let mut open: BTreeMap<_, _> =
            to.iter().filter(|(p, end)| from.get(p) < Some(end)).collect();
        let mut counted = Counted::default();
        if open.is_empty() {
            return Ok(counted);
        }
        let failed = |error| Error::of(error, &self.asked);
        let consumer: BaseConsumer = self.client.create().map_err(Error::Configuration)?;
        consumer.assign(&self.starts(from, open.keys().map(|p| **p))?).map_err(failed)?;
        let mut heard = Instant::now();
        while !open.is_empty() {
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                if heard.elapsed() > Self::SILENCE || wanted.is_cancelled() {
                    return Err(Error::Closed);
                }
                continue;
            };
            let message = message.map_err(failed)?;
            if wanted.is_cancelled() {
                return Err(Error::Closed);
            }
            heard = Instant::now();
            let (partition, next) = (message.partition(), Offset::new(message.offset() + 1));
            let Some((next, end)) = next.zip(open.get(&partition).copied()) else { continue };
            if next <= *end && message.key().is_some_and(|key| key.starts_with(prefix)) {
                counted.records += 1;
                counted.ends.insert(partition, next);
            }
            if next >= *end {
                open.remove(&partition);
            }
        }
        Ok(counted)
    }

    fn starts(
        &self,
        from: &PartitionOffsets,
        partitions: impl Iterator<Item = i32>,
    ) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            let start = from.get(&partition).copied().unwrap_or_default();
            list.add_partition_offset(
                self.asked.topic.as_str(),
                partition,
                KafkaOffset::Offset(start.get()),
            )
            .map_err(|error| Error::of(error, &self.asked))?;
        }
        Ok(list)
    }
}

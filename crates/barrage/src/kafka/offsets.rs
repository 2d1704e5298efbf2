//! The watermarks of a topic, and the committed offsets of a consumer group.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::config::REQUEST_TIMEOUT;
use super::denial::{Access, Operation};
use super::{Config, Error};
use crate::position::{Offset, Partition, Topic};
use crate::processor_failure::ProcessorFailure;

pub type PartitionOffsets = BTreeMap<Partition, Offset>;

/// Requests offsets. It consumes nothing and never joins the group.
#[derive(Clone)]
pub struct Offsets {
    pub(super) consumer: Arc<BaseConsumer>,
    pub(super) access: Access,
}

/// The committed offsets of the group.
#[derive(Debug, Default)]
pub struct Committed {
    /// All records before these are finished. A partition that has no commit is left out.
    pub offsets: PartitionOffsets,
    /// What the routers say of the processors, where they say it.
    pub failures: BTreeMap<Partition, ProcessorFailure>,
}

/// Kafka's `ListOffsets` takes a time. These two stand for the ends of a partition.
const LATEST: KafkaOffset = KafkaOffset::End;
const EARLIEST: KafkaOffset = KafkaOffset::Beginning;

impl Offsets {
    /// For the configured topic and group.
    ///
    /// # Errors
    /// When librdkafka refuses the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let consumer = config
            .client("offsets")
            .set("group.id", config.group.as_str())
            .set("enable.auto.commit", "false")
            .create()
            .map_err(Error::Configuration)?;
        Ok(Self { consumer: Arc::new(consumer), access: config.access(Operation::Describe) })
    }

    /// # Errors
    /// When Kafka does not answer or the topic does not exist.
    pub async fn partitions(&self) -> Result<Vec<Partition>, Error> {
        self.send(|consumer, topic| {
            let metadata = consumer.fetch_metadata(Some(topic.as_str()), REQUEST_TIMEOUT)?;
            let topic = metadata.topics().iter().find(|found| found.name() == topic.as_str());
            if let Some(error) = topic.and_then(|topic| topic.error()) {
                return Err(KafkaError::MetadataFetch(error.into()));
            }
            Ok(topic.map(|t| t.partitions().iter().map(|p| p.id()).collect::<Vec<_>>()))
        })
        .await?
        .filter(|partitions| !partitions.is_empty())
        .ok_or_else(|| Error::NoTopic(self.access.topic.clone()))
    }

    /// The offset after the last record of each partition: its high watermark.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn high_watermarks(
        &self,
        partitions: &[Partition],
    ) -> Result<PartitionOffsets, Error> {
        self.list(partitions, LATEST).await
    }

    /// The offset of the first record that each partition still has.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn low_watermarks(
        &self,
        partitions: &[Partition],
    ) -> Result<PartitionOffsets, Error> {
        self.list(partitions, EARLIEST).await
    }

    /// The committed offset of each partition, and what stands beside it.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn committed(&self, partitions: &[Partition]) -> Result<Committed, Error> {
        let request = self.request(partitions, KafkaOffset::Invalid)?;
        self.send(move |consumer, _| {
            let committed = consumer.committed_offsets(request, REQUEST_TIMEOUT)?;
            // An error of a partition is not the same as a partition without a commit.
            committed.elements().iter().try_for_each(|element| element.error())?;
            Ok(Committed { offsets: known(&committed), failures: failures(&committed) })
        })
        .await
    }

    async fn list(
        &self,
        partitions: &[Partition],
        time: KafkaOffset,
    ) -> Result<PartitionOffsets, Error> {
        let request = self.request(partitions, time)?;
        self.send(move |consumer, _| {
            Ok(known(&consumer.offsets_for_times(request, REQUEST_TIMEOUT)?))
        })
        .await
    }

    fn request(
        &self,
        partitions: &[Partition],
        offset: KafkaOffset,
    ) -> Result<TopicPartitionList, Error> {
        let list = request(&self.access.topic, partitions, offset);
        list.map_err(|error| Error::of(error, &self.access))
    }

    /// Runs a request on a thread of its own, because librdkafka blocks until the answer.
    async fn send<T: Send + 'static>(
        &self,
        request: impl FnOnce(&BaseConsumer, &Topic) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Error> {
        let (consumer, topic) = (self.consumer.clone(), self.access.topic.clone());
        let answer = tokio::task::spawn_blocking(move || request(&consumer, &topic)).await;
        answer.map_err(|_| Error::Closed)?.map_err(|error| Error::of(error, &self.access))
    }
}

/// What routers have written into the metadata of their commits. Kafka has made UTF-8 of whatever else stands there.
fn failures(list: &TopicPartitionList) -> BTreeMap<Partition, ProcessorFailure> {
    let elements = list.elements();
    let failure = |it: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        Some((it.partition(), ProcessorFailure::from_metadata(it.metadata())?))
    };
    elements.iter().filter_map(failure).collect()
}

/// A request about these partitions, with the same offset or time for each.
pub(super) fn request<'a>(
    topic: &Topic,
    partitions: impl IntoIterator<Item = &'a Partition>,
    offset: KafkaOffset,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic.as_str(), *partition, offset)?;
    }
    Ok(list)
}

/// The partitions of an answer that have an offset.
pub(super) fn known(list: &TopicPartitionList) -> PartitionOffsets {
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let offset = element.error().ok().and(element.offset().to_raw()).and_then(Offset::new)?;
        Some((element.partition(), offset))
    };
    list.elements().iter().filter_map(offset).collect()
}

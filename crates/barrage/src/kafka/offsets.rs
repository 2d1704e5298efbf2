//! How far a topic reaches, and how far a consumer group has committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::asked::{Asked, What};
use super::config::QUESTION_TIMEOUT;
use super::{Config, Error};
use crate::position::{Offset, Partition, Topic};

/// An offset for each partition.
pub type PartitionOffsets = BTreeMap<Partition, Offset>;

/// Asks Kafka about offsets without consuming anything.
#[derive(Clone)]
pub struct Offsets {
    consumer: Arc<BaseConsumer>,
    asked: Asked,
}

/// `ListOffsets` asks for a time; these two stand for the ends.
const LATEST: KafkaOffset = KafkaOffset::End;
const EARLIEST: KafkaOffset = KafkaOffset::Beginning;

impl Offsets {
    /// A client that asks about the configured topic and group. It never joins the group.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let consumer = config
            .client("offsets")
            .set("group.id", config.group.as_str())
            .set("enable.auto.commit", "false")
            .create()
            .map_err(Error::Configuration)?;
        Ok(Self { consumer: Arc::new(consumer), asked: config.asked(What::Describe) })
    }

    /// The partitions of the topic.
    ///
    /// # Errors
    /// When Kafka does not answer or the topic does not exist.
    pub async fn partitions(&self) -> Result<Vec<Partition>, Error> {
        self.ask(|consumer, topic| {
            let metadata = consumer.fetch_metadata(Some(topic.as_str()), QUESTION_TIMEOUT)?;
            let topic = metadata.topics().iter().find(|found| found.name() == topic.as_str());
            if let Some(error) = topic.and_then(|topic| topic.error()) {
                return Err(KafkaError::MetadataFetch(error.into()));
            }
            Ok(topic.map(|t| t.partitions().iter().map(|p| p.id()).collect::<Vec<_>>()))
        })
        .await?
        .filter(|partitions| !partitions.is_empty())
        .ok_or_else(|| Error::NoTopic(self.asked.topic.clone()))
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

    /// What the group has committed: all before is finished. Without a commit a partition is left out.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn committed(&self, partitions: &[Partition]) -> Result<PartitionOffsets, Error> {
        let asked = self.marked(partitions, KafkaOffset::Invalid)?;
        self.ask(move |consumer, _| {
            let committed = consumer.committed_offsets(asked, QUESTION_TIMEOUT)?;
            // A partition of which nothing can be said is not one without a commit.
            committed.elements().iter().try_for_each(|element| element.error())?;
            Ok(ends(&committed))
        })
        .await
    }

    async fn list(
        &self,
        partitions: &[Partition],
        mark: KafkaOffset,
    ) -> Result<PartitionOffsets, Error> {
        let asked = self.marked(partitions, mark)?;
        self.ask(move |consumer, _| Ok(ends(&consumer.offsets_for_times(asked, QUESTION_TIMEOUT)?)))
            .await
    }

    fn marked(&self, of: &[Partition], mark: KafkaOffset) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::with_capacity(of.len());
        for partition in of {
            list.add_partition_offset(self.asked.topic.as_str(), *partition, mark)
                .map_err(|error| Error::of(error, &self.asked))?;
        }
        Ok(list)
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer, &Topic) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Error> {
        let (consumer, topic) = (self.consumer.clone(), self.asked.topic.clone());
        let answer = tokio::task::spawn_blocking(move || question(&consumer, &topic)).await;
        answer.map_err(|_| Error::Closed)?.map_err(|error| Error::of(error, &self.asked))
    }
}

fn ends(list: &TopicPartitionList) -> PartitionOffsets {
    let known = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let offset = element.error().ok().and(element.offset().to_raw()).and_then(Offset::new)?;
        Some((element.partition(), offset))
    };
    list.elements().iter().filter_map(known).collect()
}

//! Finds the place of a record that Kafka has, but without having said where.
//!
//! A record whose acknowledgement was lost with the connection is sent again; a broker that sees that it
//! has it already says just so, and the client hands that on as a success without an offset.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message as _, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::Semaphore;

use super::asked::{Asked, What};
use super::config::QUESTION_TIMEOUT;
use super::{Config, Error, ProducerRecord};
use crate::position::{Offset, Partition, Position, Topic};
use crate::time::Millis;

/// Looks for records of one topic.
#[derive(Clone)]
pub(super) struct Finder {
    client: ClientConfig,
    asked: Asked,
    /// One at a time: a search takes a thread and a connection.
    turn: Arc<Semaphore>,
}

impl Finder {
    /// How long the broker may give no record before the search is given up.
    const SILENCE: Duration = Duration::from_secs(10);
    /// How many of the last records are looked at when none seems to be of that time.
    const LAST: i64 = 10_000;

    pub(super) fn new(config: &Config, topic: &Topic) -> Self {
        let mut client = config.onlooker("finder");
        client.set("enable.partition.eof", "true").set("queued.max.messages.kbytes", "4096");
        Self {
            client,
            asked: config.asked_of(What::Read, topic),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Where a record lies that was sent with this timestamp.
    ///
    /// # Errors
    /// When Kafka does not answer, or the record is not there any more.
    pub(super) async fn find(
        &self,
        partition: Partition,
        sent: Millis,
        record: ProducerRecord,
    ) -> Result<Position, Error> {
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let this = self.clone();
        let search = move || {
            let found = this.search(partition, sent, &record);
            drop(turn);
            found.map_err(|error| Error::of(error, &this.asked))?.ok_or(Error::Lost)
        };
        let offset = tokio::task::spawn_blocking(search).await.map_err(|_| Error::Closed)??;
        Ok(Position { topic: self.asked.topic.clone(), partition, offset })
    }

    /// Reads from the first record of that time to the end.
    fn search(
        &self,
        partition: Partition,
        sent: Millis,
        record: &ProducerRecord,
    ) -> Result<Option<Offset>, KafkaError> {
        let consumer: BaseConsumer = self.client.create()?;
        let end = self.assign(&consumer, partition, sent)?;
        let (mut heard, mut trouble) = (Instant::now(), None);
        while heard.elapsed() < Self::SILENCE {
            let message = match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(ended))) if ended == partition => {
                    return Ok(None);
                }
                // The client goes on by itself.
                Some(Err(error)) => {
                    trouble = Some(error);
                    continue;
                }
                None => continue,
            };
            heard = Instant::now();
            if message.key() == record.key.as_deref()
                && message.payload() == record.value.as_deref()
            {
                return Ok(Offset::new(message.offset()));
            }
            if message.offset() + 1 >= end {
                return Ok(None);
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// Begins to read. Answers where to end. A broker that stamps records by its own clock, which may be
    /// behind ours, has none of that time: then it is one of the last.
    fn assign(
        &self,
        consumer: &BaseConsumer,
        partition: Partition,
        sent: Millis,
    ) -> Result<i64, KafkaError> {
        let topic = self.asked.topic.as_str();
        let at = |offset| {
            let mut list = TopicPartitionList::with_capacity(1);
            list.add_partition_offset(topic, partition, KafkaOffset::Offset(offset)).map(|()| list)
        };
        let times = consumer.offsets_for_times(at(sent.0)?, QUESTION_TIMEOUT)?;
        let (low, end) = consumer.fetch_watermarks(topic, partition, QUESTION_TIMEOUT)?;
        let place = times.find_partition(topic, partition).and_then(|it| it.offset().to_raw());
        let first = place.filter(|it| *it >= 0).unwrap_or_else(|| low.max(end - Self::LAST));
        consumer.assign(&at(first)?)?;
        Ok(end)
    }
}

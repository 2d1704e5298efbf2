//! Which events lie where in the topic now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::Semaphore;

use super::asked::{Asked, What};
use super::config::QUESTION_TIMEOUT;
use super::headers::Read;
use super::{Config, Error};
use crate::event::header_text;
use crate::position::{Offset, Partition};

/// Reads the ids of a topic's events, without a group.
#[derive(Clone)]
pub struct EventIds {
    consumer: Arc<BaseConsumer>,
    asked: Asked,
    /// One question at a time: they share the consumer.
    turn: Arc<Semaphore>,
}

impl EventIds {
    /// How long the broker may give no record before the question is given up.
    const SILENCE: Duration = Duration::from_secs(10);

    /// A client that asks about the configured topic. It reads only while it is asked.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let mut client = config.onlooker("ids");
        client.set("queued.max.messages.kbytes", "1024");
        let consumer = client.create().map_err(Error::Configuration)?;
        let turn = Arc::new(Semaphore::new(1));
        Ok(Self { consumer: Arc::new(consumer), asked: config.asked(What::Read), turn })
    }

    /// The ids of the events of a partition from `from` on, before `to`. What is no event has none.
    ///
    /// # Errors
    /// When Kafka does not give the whole range.
    pub async fn between(
        &self,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Result<BTreeMap<Offset, String>, Error> {
        // Kept until the answer is there, even if nobody waits for it any more.
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let this = self.clone();
        let asking = move || {
            let _turn = turn;
            let ids = this.read(partition, from, to);
            let rested = this.consumer.unassign();
            ids.and_then(|ids| {
                rested.map_err(|error| Error::of(error, &this.asked))?;
                Ok(ids)
            })
        };
        tokio::task::spawn_blocking(asking).await.map_err(|_| Error::Closed)?
    }

    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Result<BTreeMap<Offset, String>, Error> {
        let failed = |error| Error::of(error, &self.asked);
        let (begin, end) = self.assign(partition, from, to).map_err(failed)?;
        let mut ids = BTreeMap::new();
        let (mut next, mut heard, mut trouble) = (begin, Instant::now(), None);
        while next < end {
            if heard.elapsed() > Self::SILENCE {
                return Err(trouble.map_or(Error::Closed, failed));
            }
            let message = match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => message,
                // It may be of an outage that is over.
                Some(Err(error)) => {
                    trouble = Some(error);
                    continue;
                }
                None => continue,
            };
            let Some(offset) = Offset::new(message.offset()) else { continue };
            (next, heard) = (offset.next(), Instant::now());
            if let Some(id) = id(&message).filter(|_| offset >= from && offset < end) {
                ids.insert(offset, id);
            }
        }
        Ok(ids)
    }

    /// Begins to read. Answers from where to where: the partition may have less.
    fn assign(
        &self,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Result<(Offset, Offset), KafkaError> {
        let topic = self.asked.topic.as_str();
        let (low, high) = self.consumer.fetch_watermarks(topic, partition, QUESTION_TIMEOUT)?;
        let mut list = TopicPartitionList::with_capacity(1);
        let begin = Offset::new(low).map_or(from, |low| low.max(from));
        list.add_partition_offset(topic, partition, KafkaOffset::Offset(begin.get()))?;
        self.consumer.assign(&list)?;
        Ok((begin, Offset::new(high).map_or(to, |high| high.min(to))))
    }
}

/// A record with a header that has no readable name is no event either: it ends as a dead letter.
fn id(message: &BorrowedMessage<'_>) -> Option<String> {
    let Read { headers, unreadable } = Read::of(message);
    header_text(&headers, "ce_id").filter(|_| unreadable.is_none()).map(str::to_owned)
}

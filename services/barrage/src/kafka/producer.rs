//! Sends records: idempotent, acknowledged by all in-sync replicas.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::message::{Header as KafkaHeader, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;

use super::{Config, Error};
use crate::event::Header;
use crate::position::{Offset, Position, Topic};

/// A record to be sent. Kafka chooses the partition by the key.
#[derive(Clone, Debug, Default)]
pub struct NewRecord {
    /// The key: records with the same key keep their order.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<Header>,
}

/// A producer for one topic. Clones share its connections and its queue.
#[derive(Clone)]
pub struct Producer {
    inner: FutureProducer,
    topic: Topic,
}

impl Producer {
    /// How long a record may take to be acknowledged before its sending has failed. Longer than a
    /// broker's restart, so that a sender waits for that rather than leave a gap.
    pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

    /// A producer for `topic`. It connects in the background.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration.
    pub fn new(config: &Config, topic: Topic) -> Result<Self, Error> {
        let timeout = Self::DELIVERY_TIMEOUT.as_millis().to_string();
        let inner = config
            .client("producer")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", timeout)
            // Batches form of what comes within this time; more would only add to the latency.
            .set("linger.ms", "2")
            // How large a record may be is for the broker to decide.
            .set("message.max.bytes", "16777216")
            // Memory is bounded; callers wait when the queue is full.
            .set("queue.buffering.max.kbytes", "32768")
            .create()
            .map_err(Error::Configuration)?;
        Ok(Self { inner, topic })
    }

    /// Sends a record and waits until Kafka has acknowledged it.
    ///
    /// # Errors
    /// When Kafka did not acknowledge it within [`Producer::DELIVERY_TIMEOUT`], or refused it.
    pub async fn send(&self, record: &NewRecord) -> Result<Position, Error> {
        let mut outgoing = FutureRecord::to(self.topic.as_str()).headers(headers(&record.headers));
        outgoing.key = record.key.as_deref();
        outgoing.payload = record.value.as_deref();
        let sent = self.inner.send(outgoing, Timeout::After(Self::DELIVERY_TIMEOUT)).await;
        let delivery = sent.map_err(|(error, _)| Error::of(error, &self.topic))?;
        let topic = self.topic.clone();
        let offset = Offset::new(delivery.offset).ok_or(Error::Closed)?;
        Ok(Position { topic, partition: delivery.partition, offset })
    }
}

fn headers(headers: &[Header]) -> OwnedHeaders {
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| {
        all.insert(KafkaHeader { key, value: value.as_deref() })
    })
}

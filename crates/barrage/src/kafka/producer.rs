//! Sends records: idempotent, acknowledged by all in-sync replicas.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header as KafkaHeader, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _, PurgeConfig};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::util::Timeout;

use super::access::{Access, Operation};
use super::scan::RecordFinder;
use super::{Config, Error, ProducerRecord};
use crate::event::Header;
use crate::position::{Offset, Position, Topic};
use crate::time::Millis;

/// A producer for one topic. Clones share its connections and its queue.
#[derive(Clone)]
pub struct Producer {
    settings: ClientConfig,
    client: Arc<RwLock<FutureProducer>>,
    finder: RecordFinder,
    access: Access,
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
        let settings = settings(config);
        let client = settings.create().map_err(Error::Configuration)?;
        let finder = RecordFinder::new(config, &topic);
        let access = config.access_to(Operation::Write, &topic);
        Ok(Self { settings, client: Arc::new(RwLock::new(client)), finder, access })
    }

    /// Sends a record and waits until Kafka has acknowledged it.
    ///
    /// # Errors
    /// When Kafka did not acknowledge it within [`Producer::DELIVERY_TIMEOUT`], or refused it.
    pub async fn send(&self, record: &ProducerRecord) -> Result<Position, Error> {
        let now = Millis::now();
        let mut outgoing =
            FutureRecord::to(self.access.topic.as_str()).headers(headers(&record.headers));
        outgoing.key = record.key.as_deref();
        outgoing.payload = record.value.as_deref();
        outgoing.timestamp = Some(now.0);
        let client = self.client.read().clone();
        let sent = client.send(outgoing, Timeout::After(Self::DELIVERY_TIMEOUT)).await;
        let delivery = sent.map_err(|(error, _)| {
            let error = self.replace_if_dead().map_or(error, KafkaError::Global);
            Error::of(error, &self.access)
        })?;
        match Offset::new(delivery.offset) {
            Some(offset) => {
                let (topic, partition) = (self.access.topic.clone(), delivery.partition);
                Ok(Position { topic, partition, offset })
            }
            None => self.finder.find(delivery.partition, now, record.clone()).await,
        }
    }

    /// After what the client calls a fatal error it never sends again, even if its cause goes away, as
    /// a missing permission does when it is given. A new one starts from nothing. Answers the cause.
    fn replace_if_dead(&self) -> Option<RDKafkaErrorCode> {
        let mut client = self.client.write();
        let (code, reason) = client.client().fatal_error()?;
        match self.settings.create() {
            Ok(new) => {
                // A refusal is told by whoever reports it, and each record may meet one.
                if self.access.denial(code).is_none() {
                    tracing::error!(?code, reason, "the producer is dead, another takes its place");
                }
                // What it still holds it would neither send nor give back before its time is over.
                client.purge(PurgeConfig::default().queue().inflight().non_blocking());
                *client = new;
            }
            Err(error) => tracing::error!(%error, "the producer is dead and cannot be replaced"),
        }
        Some(code)
    }
}

fn settings(config: &Config) -> ClientConfig {
    let timeout = Producer::DELIVERY_TIMEOUT.as_millis().to_string();
    let mut client = config.client("producer");
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", timeout)
        // While an idempotent producer waits for acknowledgements with more to send, librdkafka's thread
        // asks the clock and the socket without a pause, unless a request is held back. And batches form
        // of what comes while one is under way.
        .set("max.in.flight", "1")
        // Batches form of what comes within this time; more would only add to the latency.
        .set("linger.ms", "2")
        // How large a record may be is for the broker to decide.
        .set("message.max.bytes", "16777216")
        // Memory is bounded; callers wait when the queue is full.
        .set("queue.buffering.max.kbytes", "32768");
    client
}

fn headers(headers: &[Header]) -> OwnedHeaders {
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| {
        all.insert(KafkaHeader { key, value: value.as_deref() })
    })
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::config::{self, Vars};
    use bytes::Bytes;

    #[tokio::test]
    async fn a_producer_that_is_dead_for_good_is_replaced() {
        let broker = MockCluster::new(1).unwrap();
        broker.create_topic("barrage-info", 1, 1).unwrap();
        let vars = Vars::from_iter([("KAFKA_SERVER", broker.bootstrap_servers().as_str())]);
        let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
        let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        broker.request_errors(RDKafkaApiKey::InitProducerId, &[denied]);
        let producer = Producer::new(&config, "barrage-info".parse().unwrap()).unwrap();

        let record =
            ProducerRecord { key: Some(Bytes::from_static(b"key")), ..ProducerRecord::default() };
        let refused = producer.send(&record).await.unwrap_err();
        let line = "user \"ANONYMOUS\" may not WRITE topic \"barrage-info\"";
        assert_eq!(refused.to_string(), line);
        assert_eq!(producer.send(&record).await.unwrap().offset, Offset::default());
    }
}

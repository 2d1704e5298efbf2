//! Sends records: without duplicates (idempotent), and acknowledged by all in-sync replicas.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header as KafkaHeader, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode;

use super::delivery::DeliveryProducer;
use super::denial::{Access, Operation};
use super::scan::RecordFinder;
use super::{Config, Error, ProducerRecord};
use crate::event::Header;
use crate::position::{Offset, Position, Topic};
use crate::time::Millis;

/// A producer for one topic. Clones share its connections and its queue.
#[derive(Clone)]
pub struct Producer {
    settings: ClientConfig,
    client: Arc<RwLock<DeliveryProducer>>,
    finder: RecordFinder,
    access: Access,
}

impl Producer {
    /// How long a record may wait for its acknowledgement. It is longer than the restart of a broker, so that
    /// a sender waits for the broker and leaves no gap.
    pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

    /// The client connects in the background.
    ///
    /// # Errors
    /// When librdkafka refuses the configuration.
    pub fn new(config: &Config, topic: Topic) -> Result<Self, Error> {
        let settings = settings(config);
        let client = DeliveryProducer::new(&settings).map_err(Error::Configuration)?;
        let finder = RecordFinder::new(config, &topic);
        let access = config.access_to(Operation::Write, &topic);
        Ok(Self { settings, client: Arc::new(RwLock::new(client)), finder, access })
    }

    /// Sends a record and waits until Kafka has acknowledged it.
    ///
    /// The acknowledgement has the record's offset, with one exception. An example: the broker appends the
    /// record at offset 7, but the connection breaks before its acknowledgement arrives. librdkafka sends the
    /// record again. The broker knows it by its sequence number and answers only "duplicate". So the record
    /// is stored once, but its offset is unknown. Then `RecordFinder` searches for it in the partition.
    ///
    /// # Errors
    /// When Kafka did not acknowledge it within [`Producer::DELIVERY_TIMEOUT`], or rejected it.
    pub async fn send(&self, record: &ProducerRecord) -> Result<Position, Error> {
        let now = Millis::now();
        let outgoing = |waiter| BaseRecord {
            key: record.key.as_deref(),
            payload: record.value.as_deref(),
            timestamp: Some(now.0),
            headers: Some(headers(&record.headers)),
            ..BaseRecord::with_opaque_to(self.access.topic.as_str(), waiter)
        };
        let client = self.client.read().clone();
        let sent = client.send(outgoing, Self::DELIVERY_TIMEOUT).await;
        let (partition, offset) = sent.map_err(|error| {
            let error = self.replace_after_fatal_error().map_or(error, KafkaError::Global);
            Error::of(error, &self.access)
        })?;
        match Offset::new(offset) {
            Some(offset) => Ok(Position { topic: self.access.topic.clone(), partition, offset }),
            None => self.finder.find(partition, now, record.clone()).await,
        }
    }

    /// Replaces librdkafka's producer after a fatal error, and returns that error. After one it never sends
    /// again, even if the cause is over, for example when a missing permission was granted.
    fn replace_after_fatal_error(&self) -> Option<RDKafkaErrorCode> {
        let mut client = self.client.write();
        let (code, reason) = client.client().fatal_error()?;
        match DeliveryProducer::new(&self.settings) {
            Ok(new) => {
                // A denial is logged by its probe; here it would be logged for each record.
                if self.access.denial(code).is_none() {
                    tracing::error!(
                        ?code,
                        reason,
                        "the kafka producer failed for good and is replaced"
                    );
                }
                // Otherwise its records would neither be sent nor fail before their timeout.
                client.purge();
                *client = new;
            }
            Err(error) => {
                tracing::error!(%error, "the kafka producer failed for good and cannot be replaced")
            }
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
        // With more than one request in flight, librdkafka's thread polls without a pause while it waits for
        // acknowledgements. With one, the records that arrive meanwhile form the next batch.
        .set("max.in.flight", "1")
        // How long records are collected for a batch. More would only add latency.
        .set("linger.ms", "2")
        .set("compression.type", config.compression.as_str())
        // High, because the broker decides how large a record may be.
        .set("message.max.bytes", "16777216")
        // Bounds the memory. Callers wait while the queue is full.
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

    #[test]
    fn records_are_compressed_by_the_codec_of_the_configuration() {
        for (vars, codec) in [(&[][..], "none"), (&[("KAFKA_COMPRESSION", "lz4")], "lz4")] {
            let vars = Vars::from_iter([&[("KAFKA_SERVER", "k:1")], vars].concat());
            let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
            assert_eq!(settings(&config).get("compression.type"), Some(codec));
        }
    }

    #[tokio::test]
    async fn a_producer_with_a_fatal_error_is_replaced() {
        let broker = MockCluster::new(1).unwrap();
        broker.create_topic("barrage-info", 1, 1).unwrap();
        let vars = Vars::from_iter([("KAFKA_SERVER", broker.bootstrap_servers().as_str())]);
        let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
        let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        broker.request_errors(RDKafkaApiKey::InitProducerId, &[denied]);
        let producer = Producer::new(&config, "barrage-info".parse().unwrap()).unwrap();

        let record =
            ProducerRecord { key: Some(Bytes::from_static(b"key")), ..ProducerRecord::default() };
        let denied = producer.send(&record).await.unwrap_err();
        let line = "user \"ANONYMOUS\" may not WRITE topic \"barrage-info\"";
        assert_eq!(denied.to_string(), line);
        assert_eq!(producer.send(&record).await.unwrap().offset, Offset::default());
    }
}

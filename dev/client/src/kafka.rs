//! Kafka as the tests see it: with a client of their own.

mod acl;
mod admin;
mod content;
mod election;
mod odd;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use futures::StreamExt as _;
use rdkafka::{
    ClientConfig, Message as _, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use serde_json::json;
use uuid::Uuid;

use self::election::patiently;
pub use self::{
    acl::{Operation, Resource},
    content::{Content, Place},
};

/// The client id of tests and tools: a proxy breaks nothing for them.
pub const TESTS: &str = "the-tests";

/// The topic that all messages go through.
pub const TOPIC: &str = "barrage-info";

/// Where those go that nobody can store.
pub const DEAD_TOPIC: &str = "barrage-info-dead";

/// The consumer group of the router.
pub const GROUP: &str = "barrage-info-consumer";

const PATIENCE: Duration = Duration::from_secs(10);

/// How many records of a burst are sent at once.
const AT_ONCE: usize = 10_000;

/// A broker.
#[derive(Clone, Copy, Debug)]
pub struct Kafka(SocketAddr);

/// A record as it lies in Kafka.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Its value; empty where it has none.
    pub value: Vec<u8>,
    /// Its headers, as far as they are text.
    pub headers: BTreeMap<String, String>,
}

impl Kafka {
    /// The broker that listens there.
    pub fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Sends a record and waits until Kafka has acknowledged it.
    pub async fn send(&self, topic: &str, key: &str, value: &str) -> Record {
        let producer = self.producer();
        let record = FutureRecord::to(topic).key(key).payload(value);
        let sent = producer.send(record, PATIENCE).await.map_err(|(error, _)| error);
        let delivery = sent.expect("Kafka acknowledges");
        let (partition, offset) = (delivery.partition, delivery.offset);
        Record { partition, offset, value: value.into(), headers: BTreeMap::new() }
    }

    /// Sends a burst as a homepage does, and returns its id: so many messages of so many senders.
    pub async fn send_burst(&self, message: &str, senders: u32, seqs: u32) -> String {
        let burst = Uuid::now_v7().to_string();
        let producer = self.producer();
        let ids = (1..=seqs).flat_map(|seq| (1..=senders).map(move |sender| (sender, seq)));
        let sends = ids.map(|(sender, seq)| {
            let key = format!("{burst}/{sender}");
            let value = json!({
                "message": message,
                "burst": burst,
                "sender": sender,
                "seq": seq,
                "sent_at": "2026-01-01T00:00:00.000Z",
            });
            let (producer, value) = (&producer, value.to_string());
            async move {
                let record = FutureRecord::to(TOPIC).key(&key).payload(&value).headers(envelope());
                let sent = producer.send(record, PATIENCE).await.map_err(|(error, _)| error);
                sent.expect("Kafka acknowledges");
            }
        });
        // A burst may be larger than what the producer holds.
        futures::stream::iter(sends).buffer_unordered(AT_ONCE).for_each(async |()| {}).await;
        burst
    }

    /// Every record of a topic; none when there is no such topic.
    pub async fn records(self, topic: &'static str) -> Vec<Record> {
        self.read_as(topic, |message| Record::from(message)).await
    }

    /// How far a group has committed, by partition.
    pub async fn committed(self, group: &'static str) -> BTreeMap<i32, i64> {
        patiently("the group can be asked", move || self.read_committed(group)).await
    }

    /// The offset after the last record of each partition of a topic.
    pub async fn ends(self, topic: &'static str) -> BTreeMap<i32, i64> {
        patiently("the topic can be asked", move || self.read_ends(topic)).await
    }

    /// Every record of a topic, as `view` sees it.
    async fn read_as<T: Send + 'static>(
        self,
        topic: &'static str,
        view: fn(&BorrowedMessage<'_>) -> T,
    ) -> Vec<T> {
        patiently("the topic can be read", move || self.read(topic, view)).await
    }

    fn read<T>(
        self,
        topic: &str,
        view: fn(&BorrowedMessage<'_>) -> T,
    ) -> Result<Vec<T>, KafkaError> {
        let consumer: BaseConsumer = self.config().set("group.id", "the-ledger").create()?;
        let mut from = TopicPartitionList::new();
        let mut open = BTreeSet::new();
        for partition in partitions(&consumer, topic)? {
            let (low, high) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
            if low < high {
                from.add_partition_offset(topic, partition, rdkafka::Offset::Offset(low))?;
                open.insert((partition, high));
            }
        }
        consumer.assign(&from)?;
        let mut records = Vec::new();
        while !open.is_empty() {
            let got = consumer.poll(PATIENCE).expect("the rest of the topic comes")?;
            open.retain(|(partition, high)| {
                *partition != got.partition() || got.offset() + 1 < *high
            });
            records.push(view(&got));
        }
        Ok(records)
    }

    fn read_ends(self, topic: &str) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let consumer: BaseConsumer = self.config().set("group.id", "the-ledger").create()?;
        let end = |partition| {
            let (_, high) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
            Ok((partition, high))
        };
        partitions(&consumer, topic)?.into_iter().map(end).collect()
    }

    fn read_committed(self, group: &str) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create()?;
        let mut asked = TopicPartitionList::new();
        for partition in partitions(&consumer, TOPIC)? {
            asked.add_partition(TOPIC, partition);
        }
        let committed = consumer.committed_offsets(asked, PATIENCE)?;
        let place = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            (element.partition(), element.offset().to_raw().filter(|at| *at >= 0).unwrap_or(0))
        };
        Ok(committed.elements().into_iter().map(place).collect())
    }

    fn producer(&self) -> FutureProducer {
        let mut config = self.config();
        // How large a record may be is for the broker to decide.
        config.set("acks", "all").set("message.max.bytes", "16777216");
        config.create().expect("a producer")
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.0.to_string());
        config.set("client.id", TESTS);
        config.set("enable.auto.commit", "false");
        // What somebody else has written just now must be seen at once.
        config.set("topic.metadata.refresh.fast.interval.ms", "100");
        config
    }
}

impl From<&BorrowedMessage<'_>> for Record {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
        Self {
            partition: message.partition(),
            offset: message.offset(),
            value: message.payload().unwrap_or_default().into(),
            headers: content::headers(message)
                .into_iter()
                .map(|(name, value)| (name, value.map(text).unwrap_or_default()))
                .collect(),
        }
    }
}

/// The headers that make a record a message.
pub fn envelope() -> OwnedHeaders {
    let id = Uuid::now_v7().to_string();
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", id.as_str()),
        ("ce_type", "barrage.message.sent.v1"),
        ("ce_source", "/tests"),
        ("content-type", "application/json"),
    ];
    attributes.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(None, PATIENCE)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.into_iter().flat_map(|topic| topic.partitions());
    Ok(partitions.map(|partition| partition.id()).collect())
}

/// rdkafka's consumer blocks; meanwhile the test goes on reading its processes' logs.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(ask).await.expect("asking does not panic")
}

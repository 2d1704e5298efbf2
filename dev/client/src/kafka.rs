//! Kafka as tools and tests reach it: with a client of their own.

mod compression;
mod content;
mod headers;
mod raw;
mod retention;
mod transactions;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use futures::StreamExt as _;
use rdkafka::{
    ClientConfig, Message as _, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, ToBytes},
    producer::{FutureProducer, FutureRecord},
    types::RDKafkaErrorCode as Code,
};
use serde_json::json;
use uuid::Uuid;

pub use self::{
    content::Content,
    headers::envelope,
    raw::{Operation, Resource},
    transactions::TransactionalProducer,
};
use crate::{
    CLIENT_ID,
    eventually::within,
    message::{MessageId, Position},
};

pub const TOPIC: &str = "barrage-info";
pub const DEAD_TOPIC: &str = "barrage-info-dead";

/// The consumer group of the router.
pub const GROUP: &str = "barrage-info-consumer";

const TIMEOUT: Duration = Duration::from_secs(10);

/// How many records of a burst wait for their acknowledgement at once. A whole burst may not fit into the producer's
/// queue, which holds 100,000 records.
const AT_ONCE: usize = 10_000;

/// A broker. What it does not answer in time fails the test.
#[derive(Clone, Copy, Debug)]
pub struct Kafka(SocketAddr);

impl Kafka {
    /// The broker that listens there.
    pub fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Sends a record and waits until Kafka has acknowledged it.
    pub async fn send(&self, topic: &str, key: &str, value: &str) -> Position {
        deliver(&self.producer(), FutureRecord::to(topic).key(key).payload(value)).await
    }

    /// Sends a burst as a homepage does: `seqs` messages of each of `senders` senders. When Kafka has acknowledged all of
    /// them, returns the id of the burst.
    pub async fn send_burst(&self, message: &str, senders: u32, seqs: u64) -> String {
        let burst = Uuid::now_v7();
        let producer = self.producer();
        let ids = (1..=seqs)
            .flat_map(|seq| (1..=senders).map(move |sender| MessageId { burst, sender, seq }));
        let sends = ids.map(|id| {
            let producer = &producer;
            async move {
                let (key, value) =
                    (format!("{}/{}", id.burst, id.sender), message_value(&id, message));
                let record = FutureRecord::to(TOPIC).key(&key).payload(&value);
                deliver(producer, record.headers(envelope())).await;
            }
        });
        futures::stream::iter(sends).buffer_unordered(AT_ONCE).for_each(async |()| {}).await;
        burst.to_string()
    }

    /// What every record of a topic carries, by its position; none when there is no such topic.
    pub async fn contents(self, topic: &'static str) -> BTreeMap<Position, Content> {
        retry("the topic can be read", move || self.read(topic)).await
    }

    /// The committed offsets of a group in [`TOPIC`], by partition; 0 where it has committed nothing.
    pub async fn committed(self, group: &'static str) -> BTreeMap<i32, i64> {
        self.committed_in(TOPIC, group).await
    }

    /// The committed offsets of a group in a topic, by partition; 0 where it has committed nothing.
    pub async fn committed_in(
        self,
        topic: &'static str,
        group: &'static str,
    ) -> BTreeMap<i32, i64> {
        retry("the committed offsets can be read", move || self.read_committed(topic, group)).await
    }

    /// The offset after the last record of each partition of a topic; none when there is no such topic.
    pub async fn high_watermarks(self, topic: &'static str) -> BTreeMap<i32, i64> {
        let watermarks = self.watermarks(topic).await.into_iter();
        watermarks.map(|(partition, (_, high))| (partition, high)).collect()
    }

    /// The offset of the first record of each partition of a topic, and the one after its last record; none when there
    /// is no such topic.
    pub async fn watermarks(self, topic: &'static str) -> BTreeMap<i32, (i64, i64)> {
        retry("the watermarks can be read", move || self.read_watermarks(topic)).await
    }

    /// Creates a topic with so many partitions, if there is none.
    pub async fn create_topic(self, topic: &'static str, partitions: i32) {
        self.create_topic_with(topic, partitions, &[]).await;
    }

    /// Creates a topic with these settings, if there is none.
    pub async fn create_topic_with(
        self,
        topic: &'static str,
        partitions: i32,
        settings: &[(&'static str, &'static str)],
    ) {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        let created = self.admin().create_topics([&new], &admin_options()).await;
        let created = created.expect("Kafka answers");
        // A service may have been quicker.
        let is_there =
            created.iter().all(|it| matches!(it, Ok(_) | Err((_, Code::TopicAlreadyExists))));
        assert!(is_there, "{created:?}");
    }

    /// Deletes a topic with all its records.
    pub async fn delete_topic(self, topic: &'static str) {
        let deleted = self.admin().delete_topics(&[topic], &admin_options()).await;
        let deleted = deleted.expect("Kafka answers");
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    }

    /// Deletes a topic and creates it again at once, with so many partitions: its offsets restart at 0.
    pub async fn recreate_topic(self, topic: &'static str, partitions: i32) {
        self.delete_topic(topic).await;
        self.create_topic(topic, partitions).await;
    }

    fn read(self, topic: &str) -> Result<BTreeMap<Position, Content>, KafkaError> {
        let mut config = self.config();
        config.set("group.id", "the-ledger").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create()?;
        let mut from = TopicPartitionList::new();
        let mut open = BTreeSet::new();
        for partition in partitions(&consumer, topic)? {
            let (low, high) = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
            if low < high {
                from.add_partition_offset(topic, partition, rdkafka::Offset::Offset(low))?;
                open.insert(partition);
            }
        }
        consumer.assign(&from)?;
        let mut records = BTreeMap::new();
        // A partition may end with an offset that has no record, as the marker of a transaction. So its end is where
        // the client has reached the end, and not where the last record came.
        while !open.is_empty() {
            match consumer.poll(TIMEOUT).expect("the rest of the topic comes") {
                Ok(record) => _ = records.insert(position(&record), Content::from(&record)),
                Err(KafkaError::PartitionEOF(partition)) => _ = open.remove(&partition),
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    fn read_watermarks(self, topic: &str) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
        let consumer: BaseConsumer = self.config().set("group.id", "the-ledger").create()?;
        let watermarks =
            |partition| Ok((partition, consumer.fetch_watermarks(topic, partition, TIMEOUT)?));
        partitions(&consumer, topic)?.into_iter().map(watermarks).collect()
    }

    fn read_committed(self, topic: &str, group: &str) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create()?;
        let mut requested = TopicPartitionList::new();
        for partition in partitions(&consumer, topic)? {
            requested.add_partition(topic, partition);
        }
        let committed = consumer.committed_offsets(requested, TIMEOUT)?;
        let offset = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            (element.partition(), element.offset().to_raw().filter(|at| *at >= 0).unwrap_or(0))
        };
        Ok(committed.elements().into_iter().map(offset).collect())
    }

    fn producer(&self) -> FutureProducer {
        let mut config = self.config();
        // How large a record may be is for the broker to decide.
        config.set("acks", "all").set("message.max.bytes", "16777216");
        config.create().expect("a producer")
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().expect("an admin client")
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.0.to_string());
        config.set("client.id", CLIENT_ID);
        config.set("enable.auto.commit", "false");
        // A topic that was created just now must be seen at once.
        config.set("topic.metadata.refresh.fast.interval.ms", "100");
        config
    }
}

fn position(message: &BorrowedMessage<'_>) -> Position {
    Position { partition: message.partition(), offset: message.offset() }
}

/// Sends a record and waits until Kafka has acknowledged it.
async fn deliver<Key: ToBytes + ?Sized, Value: ToBytes + ?Sized>(
    producer: &FutureProducer,
    record: FutureRecord<'_, Key, Value>,
) -> Position {
    let sent = producer.send(record, TIMEOUT).await.map_err(|(error, _)| error);
    let delivery = sent.expect("Kafka acknowledges");
    Position { partition: delivery.partition, offset: delivery.offset }
}

/// The value of a message's record, as a homepage writes it.
pub fn message_value(id: &MessageId, message: &str) -> String {
    json!({
        "message": message,
        "burst": id.burst,
        "sender": id.sender,
        "seq": id.seq,
        "sent_at": "2026-01-01T00:00:00.000Z",
    })
    .to_string()
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(None, TIMEOUT)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.into_iter().flat_map(|topic| topic.partitions());
    Ok(partitions.map(|partition| partition.id()).collect())
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(TIMEOUT))
}

/// Asks Kafka until it answers; panics with `what` when it does not in time. A new topic has no leader at first, and a
/// topic that is being deleted disappears partition by partition.
async fn retry<T: Send + 'static>(
    what: &str,
    request: impl Fn() -> Result<T, KafkaError> + Copy + Send + 'static,
) -> T {
    let mut answer = None;
    within(TIMEOUT, what, async || {
        // rdkafka's consumer blocks its thread; the test must go on reading the logs of its processes.
        let answered = tokio::task::spawn_blocking(request).await;
        answer = match answered.expect("the request does not panic") {
            Err(error) if is_temporary(&error) => None,
            answer => Some(answer.expect(what)),
        };
        answer.is_some()
    })
    .await;
    answer.expect(what)
}

fn is_temporary(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::UnknownTopicOrPartition
                | Code::UnknownPartition
        )
    )
}

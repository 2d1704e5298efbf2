//! Records in transactions: a producer that commits some of them and aborts others.

use futures::future::join_all;
use rdkafka::{
    error::KafkaError,
    producer::{FutureProducer, Producer as _},
};
use tokio::task::spawn_blocking;

use super::{Content, Kafka, TIMEOUT, deliver};
use crate::message::Position;

/// A producer that writes in transactions only. After its last transaction each partition that it wrote to ends with a
/// marker: an offset without a message.
#[derive(Clone)]
pub struct TransactionalProducer(FutureProducer);

impl Kafka {
    /// A producer with this transactional id. One of the same id that is still open is fenced off, and its
    /// transaction is aborted.
    pub async fn transactional_producer(self, id: &str) -> TransactionalProducer {
        let mut config = self.config();
        config.set("transactional.id", id).set("acks", "all");
        let producer = TransactionalProducer(config.create().expect("a producer"));
        producer.call(|it| it.init_transactions(TIMEOUT)).await;
        producer
    }
}

impl TransactionalProducer {
    pub async fn begin(&self) {
        self.call(FutureProducer::begin_transaction).await;
    }

    /// Writes a record in the open transaction and waits until Kafka has acknowledged it.
    pub async fn send(&self, topic: &str, partition: i32, content: &Content) -> Position {
        deliver(&self.0, content.to_record(topic, partition)).await
    }

    /// The same for many records, which share batches.
    pub async fn send_all(&self, topic: &str, records: &[(i32, Content)]) {
        join_all(records.iter().map(|(partition, content)| self.send(topic, *partition, content)))
            .await;
    }

    pub async fn commit(&self) {
        self.call(|it| it.commit_transaction(TIMEOUT)).await;
    }

    pub async fn abort(&self) {
        self.call(|it| it.abort_transaction(TIMEOUT)).await;
    }

    /// The calls of a transaction block their thread.
    async fn call(
        &self,
        call: impl FnOnce(&FutureProducer) -> Result<(), KafkaError> + Send + 'static,
    ) {
        let producer = self.0.clone();
        let called = spawn_blocking(move || call(&producer)).await;
        called.expect("the call does not panic").expect("Kafka does its part of the transaction");
    }
}

impl std::fmt::Debug for TransactionalProducer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TransactionalProducer").finish()
    }
}

//! Messages that nobody can store. Each must end as a dead letter.

use std::{net::SocketAddr, time::Duration};

use client::{
    CLIENT_ID,
    eventually::ticks,
    kafka::{TOPIC, envelope, message_value},
    message::MessageId,
};
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::rhythm::Rhythm;

const INTERVAL: Duration = Duration::from_millis(500);

/// One character more than a message may have.
const TOO_LONG: usize = 101;

/// Sends such messages until `stop`, as the only sender of a burst.
pub(crate) async fn send(broker: SocketAddr, rhythm: Rhythm, stop: CancellationToken) {
    let mut config = ClientConfig::new();
    // The proxy before the broker knows the tests' own clients by this name and does not break them.
    config.set("bootstrap.servers", broker.to_string()).set("client.id", CLIENT_ID);
    // If the broker dies during a send, the record must not be written twice.
    config.set("enable.idempotence", "true");
    let producer: FutureProducer = config.create().expect("a producer");
    let burst = Uuid::now_v7();
    let mut due = ticks(INTERVAL);
    for seq in 1.. {
        due.tick().await;
        if stop.run_until_cancelled(rhythm.busy()).await.is_none() {
            return;
        }
        let value = message_value(&MessageId { burst, sender: 1, seq }, &"x".repeat(TOO_LONG));
        let key = format!("{burst}/1");
        let record = FutureRecord::to(TOPIC).key(&key).payload(&value).headers(envelope());
        // The ledger reads from Kafka which of them were accepted.
        drop(producer.send(record, Duration::ZERO).await);
    }
}

//! Messages that nobody can store: each must end as a dead letter.

use std::{net::SocketAddr, time::Duration};

use client::{
    CLIENT_ID,
    kafka::{TOPIC, envelope},
};
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use serde_json::json;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The pace.
const PACE: Duration = Duration::from_millis(500);

/// Longer than a person may write.
const TOO_LONG: usize = 101;

/// Sends such messages until it is told to stop, as one sender of one burst.
pub(crate) async fn send(broker: SocketAddr, stop: CancellationToken) {
    let mut config = ClientConfig::new();
    // By this name the proxy before the broker knows that we are not part of what breaks.
    config.set("bootstrap.servers", broker.to_string()).set("client.id", CLIENT_ID);
    // A broker that dies in the midst of it must not make us say anything twice.
    config.set("enable.idempotence", "true");
    let producer: FutureProducer = config.create().expect("a producer");
    let burst = Uuid::now_v7().to_string();
    let mut ticks = interval(PACE);
    for seq in 1.. {
        if stop.run_until_cancelled(ticks.tick()).await.is_none() {
            return;
        }
        let value = json!({
            "message": "x".repeat(TOO_LONG),
            "burst": burst,
            "sender": 1,
            "seq": seq,
            "sent_at": "2026-01-01T00:00:00.000Z",
        });
        let (key, value) = (format!("{burst}/1"), value.to_string());
        let record = FutureRecord::to(TOPIC).key(&key).payload(&value).headers(envelope());
        // Whether Kafka has it is for the ledger to say.
        drop(producer.send(record, Duration::ZERO).await);
    }
}

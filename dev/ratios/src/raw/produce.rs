//! Bare producers with the homepage's settings: idempotent, and acknowledged by all replicas.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use client::kafka::TOPIC;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use rdkafka::{
    ClientConfig,
    producer::{DeliveryFuture, FutureProducer, FutureRecord},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{SENDERS, record};

/// How many records wait for their acknowledgement while a topic is filled.
const AT_ONCE: usize = 10_000;

/// Produces the records of one burst.
#[derive(Clone)]
pub(crate) struct Producer {
    client: FutureProducer,
    burst: Uuid,
}

impl Producer {
    pub(crate) fn new(broker: SocketAddr) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.to_string());
        config.set("enable.idempotence", "true").set("acks", "all").set("linger.ms", "2");
        let client = config.create().context("a producer")?;
        Ok(Self { client, burst: Uuid::now_v7() })
    }

    /// Hands one record to the client. The returned future ends when Kafka has acknowledged it.
    pub(crate) fn send(&self, sender: u32, seq: u32) -> anyhow::Result<DeliveryFuture> {
        let content = record::content(self.burst, sender, seq);
        let record = FutureRecord::to(TOPIC).key(&content.key).payload(&content.value);
        let sent = self.client.send_result(record.headers(content.headers));
        sent.map_err(|(error, _)| error).context("Kafka's client takes no record")
    }

    /// Runs [`SENDERS`] senders for this time. Each waits for its acknowledgement, counts it in
    /// `acknowledged`, and sends again.
    pub(crate) async fn flat_out(
        &self,
        time: Duration,
        acknowledged: &Arc<AtomicU64>,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        let mut senders = JoinSet::new();
        for sender in 1..=SENDERS {
            let (producer, acknowledged) = (self.clone(), acknowledged.clone());
            senders.spawn(async move {
                let mut seq = 0;
                while Instant::now() < end {
                    seq += 1;
                    acknowledgement(producer.send(sender, seq)?).await?;
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            });
        }
        while let Some(sent) = senders.join_next().await {
            sent??;
        }
        Ok(())
    }

    /// Sends this many records as fast as Kafka accepts them.
    pub(crate) async fn fill(&self, records: u32) -> anyhow::Result<()> {
        let sends = (0..records).map(|n| async move {
            acknowledgement(self.send(n % SENDERS + 1, n / SENDERS + 1)?).await
        });
        stream::iter(sends).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Sends this many records per second, each when it is due.
    pub(crate) async fn paced(&self, rate: u32, seconds: u32) -> anyhow::Result<()> {
        let (begin, mut sent) = (Instant::now(), Vec::new());
        for n in 0..rate * seconds {
            sleep_until(begin + Duration::from_secs(1) * n / rate).await;
            sent.push(self.send(n % SENDERS + 1, n / SENDERS + 1)?);
        }
        for sent in sent {
            acknowledgement(sent).await?;
        }
        Ok(())
    }
}

async fn acknowledgement(sent: DeliveryFuture) -> anyhow::Result<()> {
    let delivery = sent.await.context("Kafka's client has ended")?;
    delivery.map_err(|(error, _)| error).context("Kafka does not acknowledge").map(drop)
}

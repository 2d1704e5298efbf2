//! What Kafka and the table do alone: no drain is faster.

use std::{net::SocketAddr, time::Duration};

use local::bench::{
    kafka::TOPIC,
    rows::{Row, Rows, number, string},
};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::Instant,
};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(10);

/// So many clients write at once, for so long; each batch is as large as the table takes.
const WRITERS: i64 = 8;
const WRITING: Duration = Duration::from_secs(5);
const BATCH: i64 = 25;

/// The settings of the router's consumer that say how it fetches, on this machine.
const FETCH: [(&str, &str); 3] = [
    ("fetch.wait.max.ms", "100"),
    ("queued.min.messages", "2000"),
    ("queued.max.messages.kbytes", "8192"),
];

/// Reads the whole topic and drops it; the records per second.
pub(crate) async fn read(broker: SocketAddr) -> anyhow::Result<f64> {
    spawn_blocking(move || read_all(broker)).await?
}

fn read_all(broker: SocketAddr) -> anyhow::Result<f64> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.to_string()).set("group.id", "the-measurement");
    config.set("enable.auto.commit", "false");
    FETCH.iter().for_each(|(name, value)| _ = config.set(*name, *value));
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE)?;
    let mut whole = TopicPartitionList::new();
    let mut records: i64 = 0;
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        whole.add_partition_offset(TOPIC, partition.id(), Offset::Beginning)?;
        let (low, high) = consumer.fetch_watermarks(TOPIC, partition.id(), PATIENCE)?;
        records += high - low;
    }
    let started = Instant::now();
    consumer.assign(&whole)?;
    for _ in 0..records {
        consumer.poll(PATIENCE).ok_or_else(|| anyhow::anyhow!("Kafka gives no more"))??;
    }
    Ok(f64::from(u32::try_from(records)?) / started.elapsed().as_secs_f64())
}

/// Writes rows like the processor's, of partitions that no topic has; the rows per second.
pub(crate) async fn write(rows: &Rows) -> f64 {
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (rows, shard) = (rows.clone(), format!("raw-{}#{writer}#0", Uuid::now_v7()));
        writers.spawn(async move {
            let mut next = 0;
            while started.elapsed() < WRITING {
                let batch = (next..next + BATCH).map(|offset| row(&shard, offset));
                rows.put_batch(batch).await;
                next += BATCH;
            }
            next
        });
    }
    let written: i64 = writers.join_all().await.into_iter().sum();
    let written = u32::try_from(written).expect("nobody writes so much in some seconds");
    f64::from(written) / started.elapsed().as_secs_f64()
}

fn row(shard: &str, offset: i64) -> Row {
    let now = 1_790_000_000_000_i64;
    Row::from(
        [
            ("shard", string(shard)),
            ("offset", number(offset)),
            ("id", string(&Uuid::now_v7().to_string())),
            ("message", string("measured")),
            ("verdict", string("shown")),
            ("burst", string("01a20b17-5e0e-75f1-8a6c-9e762542c59e")),
            ("sender", number(offset % 100)),
            ("seq", number(offset)),
            ("processor", string("the-measurement")),
            ("sent_at", number(now)),
            ("received_at", number(now)),
            ("stored_at", number(now)),
            ("trace", string("0af7651916cd43dd8448eb211c80319c")),
            ("expires_at", number(now / 1000)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

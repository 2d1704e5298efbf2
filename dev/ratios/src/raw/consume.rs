//! A bare consumer: reads the topic from its beginning, without a group, and commits nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use client::kafka::TOPIC;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::BorrowedMessage,
};
use tokio::{sync::oneshot, time::Instant};

use crate::figures::Growth;

/// Kafka gives nothing for so long: then something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// How soon it notices that nobody wants it any more.
const POLL: Duration = Duration::from_millis(100);

/// As the services wait on this machine; beyond that, the client's own settings.
const FETCH_WAIT: (&str, &str) = ("fetch.wait.max.ms", "100");

/// Reads so many records and drops them; how many in a second.
pub(crate) async fn drain(broker: SocketAddr, records: u64) -> anyhow::Result<f64> {
    let (mut growth, mut count) = (Growth::default(), 0);
    let rate = each(broker, move |_| {
        count += 1;
        growth.note(count, Instant::now());
        (count == records).then(|| growth.rate())
    });
    rate.await?
        .context("too few records to measure their reading: more --seconds let more of them wait")
}

/// Reads on a thread of its own, until `see` has what it wants or nobody waits for it any more.
pub(crate) async fn each<T: Send + 'static>(
    broker: SocketAddr,
    see: impl FnMut(&BorrowedMessage<'_>) -> Option<T> + Send + 'static,
) -> anyhow::Result<T> {
    let wanted = Arc::new(AtomicBool::new(true));
    let _until_dropped = Wanted(wanted.clone());
    let (done, found) = oneshot::channel();
    // Nobody may be there any more to hear what was found.
    thread::spawn(move || _ = done.send(read(broker, &wanted, see)));
    found.await.context("the consumer has ended")?
}

/// Lets the thread end when nobody waits for it any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn read<T>(
    broker: SocketAddr,
    wanted: &AtomicBool,
    mut see: impl FnMut(&BorrowedMessage<'_>) -> Option<T>,
) -> anyhow::Result<T> {
    let consumer = assigned(broker).context("a consumer")?;
    let mut heard = Instant::now();
    while wanted.load(Ordering::Relaxed) {
        let Some(record) = consumer.poll(POLL) else {
            ensure!(heard.elapsed() < PATIENCE, "Kafka has given nothing for {PATIENCE:?}");
            continue;
        };
        if let Some(found) = see(&record?) {
            return Ok(found);
        }
        heard = Instant::now();
    }
    anyhow::bail!("nobody wants it any more")
}

fn assigned(broker: SocketAddr) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.to_string()).set("group.id", "the-measurement");
    config.set("enable.auto.commit", "false").set(FETCH_WAIT.0, FETCH_WAIT.1);
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE)?;
    let mut whole = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        whole.add_partition_offset(TOPIC, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&whole)?;
    Ok(consumer)
}

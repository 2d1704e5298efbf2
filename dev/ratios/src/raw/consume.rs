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

/// The consumer fails if no record comes for this long.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How soon the consumer notices that its result is no longer needed.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// The same as that of the services in these stacks. All other settings are the defaults.
const FETCH_WAIT: (&str, &str) = ("fetch.wait.max.ms", "100");

/// Reads this many records and drops them. Returns the records per second.
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

/// Reads on a thread of its own until `see` returns a result, or until this future is dropped.
pub(crate) async fn each<T: Send + 'static>(
    broker: SocketAddr,
    see: impl FnMut(&BorrowedMessage<'_>) -> Option<T> + Send + 'static,
) -> anyhow::Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let _on_drop = StopOnDrop(stop.clone());
    let (done, result) = oneshot::channel();
    // If this future was dropped, nobody receives the result.
    thread::spawn(move || _ = done.send(read(broker, &stop, see)));
    result.await.context("the consumer has ended")?
}

/// Stops the thread if the future that waits for it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn read<T>(
    broker: SocketAddr,
    stop: &AtomicBool,
    mut see: impl FnMut(&BorrowedMessage<'_>) -> Option<T>,
) -> anyhow::Result<T> {
    let consumer = assigned(broker).context("a consumer")?;
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let Some(record) = consumer.poll(POLL_TIMEOUT) else {
            ensure!(last.elapsed() < TIMEOUT, "no record has come for {TIMEOUT:?}");
            continue;
        };
        if let Some(result) = see(&record?) {
            return Ok(result);
        }
        last = Instant::now();
    }
    anyhow::bail!("the result is no longer needed")
}

fn assigned(broker: SocketAddr) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.to_string()).set("group.id", "the-measurement");
    config.set("enable.auto.commit", "false").set(FETCH_WAIT.0, FETCH_WAIT.1);
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), TIMEOUT)?;
    let mut whole = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        whole.add_partition_offset(TOPIC, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&whole)?;
    Ok(consumer)
}

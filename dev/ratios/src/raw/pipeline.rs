//! The bare pipeline: one process that produces, consumes and writes the same rows. It does not moderate,
//! filter, commit or count, and if it died, it would lose messages.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use client::{
    eventually::ticks,
    table::{Row, Table},
};
use stack::{
    Stack,
    plan::name::{BROKER, TABLE},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};

use super::{CHUNK, consume, produce::Producer, record};
use crate::figures::per_second;

/// How many rows may wait for a write.
const WAITING: usize = 1000;

/// How many batches are written at once: as many as the processor writes for four calls of the router.
const WRITES: usize = 16;

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How long writing the last rows may take after the last send.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// Lets all senders send for this time. Returns the messages per second, from the first send to the last row.
pub(crate) async fn run(stack: &Stack, time: Duration) -> anyhow::Result<f64> {
    let table = Table::at(stack.address(TABLE));
    table.create().await;
    let (sent, stored) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let producer = Producer::new(stack.address(BROKER))?;
    let passing = pass(stack.address(BROKER), table, stored.clone());
    let sending = async {
        let began = Instant::now();
        producer.flat_out(time, &sent).await?;
        let all = sent.load(Ordering::Relaxed);
        let mut poll = ticks(POLL_INTERVAL);
        while stored.load(Ordering::Relaxed) < all {
            poll.tick().await;
            ensure!(began.elapsed() < time + DRAIN_TIMEOUT, "the bare pipeline is stuck");
        }
        Ok(per_second(all, began.elapsed()))
    };
    tokio::select! {
        rate = sending => rate,
        ended = passing => ended.and_then(|()| anyhow::bail!("the bare pipeline has ended")),
    }
}

/// Writes what has arrived whenever one of [`WRITES`] is free, at most a batch at a time.
async fn pass(broker: SocketAddr, table: Table, stored: Arc<AtomicU64>) -> anyhow::Result<()> {
    let (arrive, mut arrived) = mpsc::channel::<Row>(WAITING);
    let reading = consume::each(broker, move |message| {
        // A record that is no message ends the pipeline, and so does the end of the writers.
        let Some(row) = record::row(message) else { return Some(()) };
        arrive.blocking_send(row).err().map(drop)
    });
    let writing = async {
        let permits = Arc::new(Semaphore::new(WRITES));
        loop {
            let permit = permits.clone().acquire_owned().await.context("the semaphore stays")?;
            let mut chunk = Vec::with_capacity(CHUNK);
            let count = arrived.recv_many(&mut chunk, CHUNK).await;
            let (table, stored) = (table.clone(), stored.clone());
            tokio::spawn(async move {
                table.put_batch(chunk.into_iter()).await;
                stored.fetch_add(count as u64, Ordering::Relaxed);
                drop(permit);
            });
        }
    };
    tokio::select! {
        read = reading => read,
        wrote = writing => wrote,
    }
}

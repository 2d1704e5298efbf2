//! The bare pipeline: one process that produces, consumes and writes the same rows, and nothing else. It
//! moderates nothing, filters nothing, commits nothing, counts nothing, and would lose what it holds.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use client::table::{Row, Table};
use stack::{
    Stack,
    plan::name::{BROKER, TABLE},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, MissedTickBehavior, interval},
};

use super::{CHUNK, consume, produce::Producer, record};
use crate::figures::per_second;

/// How many rows may wait to be written.
const WAITING: usize = 1000;

/// How many batches are written at once: as many as four calls of the router make of the processor.
const WRITES: usize = 16;

const LOOK: Duration = Duration::from_millis(5);

/// Longer than the rows of any run take that are left when all is sent.
const REST: Duration = Duration::from_secs(120);

/// Lets all senders send for so long; answers how many messages per second got their row, from the first
/// send to the last row.
pub(crate) async fn run(stack: &Stack, time: Duration) -> anyhow::Result<f64> {
    let rows = Table::at(stack.address(TABLE));
    rows.create().await;
    let (sent, stored) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let producer = Producer::new(stack.address(BROKER))?;
    let passing = pass(stack.address(BROKER), rows, stored.clone());
    let sending = async {
        let began = Instant::now();
        producer.flat_out(time, &sent).await?;
        let all = sent.load(Ordering::Relaxed);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stored.load(Ordering::Relaxed) < all {
            look.tick().await;
            ensure!(began.elapsed() < time + REST, "the bare pipeline is stuck");
        }
        Ok(per_second(all, began.elapsed()))
    };
    tokio::select! {
        rate = sending => rate,
        ended = passing => ended.and_then(|()| anyhow::bail!("the bare pipeline has ended")),
    }
}

/// Writes whatever has arrived as soon as it may, at most a batch at once.
async fn pass(broker: SocketAddr, rows: Table, stored: Arc<AtomicU64>) -> anyhow::Result<()> {
    let (arrive, mut arrived) = mpsc::channel::<Row>(WAITING);
    let reading = consume::each(broker, move |message| {
        // What is no message, or comes when the writers have gone, ends it.
        let Some(row) = record::row(message) else { return Some(()) };
        arrive.blocking_send(row).err().map(drop)
    });
    let writing = async {
        let places = Arc::new(Semaphore::new(WRITES));
        loop {
            let place = places.clone().acquire_owned().await.context("places stay")?;
            let mut chunk = Vec::with_capacity(CHUNK);
            let count = arrived.recv_many(&mut chunk, CHUNK).await;
            let (rows, stored) = (rows.clone(), stored.clone());
            tokio::spawn(async move {
                rows.put_batch(chunk.into_iter()).await;
                stored.fetch_add(count as u64, Ordering::Relaxed);
                drop(place);
            });
        }
    };
    tokio::select! {
        read = reading => read,
        wrote = writing => wrote,
    }
}

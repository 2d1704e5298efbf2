//! A backlog: what a router that was down for long does when it is back.

mod drain;
mod memory;
mod raw;
mod report;

use anyhow::ensure;
use local::{
    bench::{
        kafka::{Kafka, TOPIC},
        rows::Rows,
    },
    eventually::within,
    plan::name::{BROKER, ROUTER, TABLE},
    stack::{Setup, Stack},
};
use tokio::time::{Duration, Instant};

use self::{
    drain::Drain,
    report::{Raw, Report},
};

/// How many senders the records come from.
const SENDERS: u32 = 100;

/// Longer than any start takes.
const START: Duration = Duration::from_secs(60);

/// Lets so many records wait, then lets the router drain them, and says what that took. What Kafka
/// and the table do alone is measured before and after, since a machine is not always as fast.
pub(crate) async fn run(records: u32, processors: u16) -> anyhow::Result<Report> {
    eprintln!("starting a stack with fresh data, without its router …");
    let mut stack = Setup::default().processors(processors).later(ROUTER).start().await;
    within(START, "the page knows the topic", async || stack.is_ready("homepage").await).await;
    let kafka = Kafka::at(stack.address(BROKER));

    eprintln!("producing {records} records …");
    let started = Instant::now();
    kafka.send_burst("measured", SENDERS, records / SENDERS).await;
    let producing = started.elapsed();
    let waiting: i64 = kafka.ends(TOPIC).await.values().sum();
    let waiting = u32::try_from(waiting)?;
    ensure!(waiting >= records / SENDERS * SENDERS, "only {waiting} of {records} are there");

    let before = raw(&stack).await?;
    eprintln!("starting the router …");
    let drain = Drain::watch(&mut stack, waiting).await?;
    let after = raw(&stack).await?;
    stack.stop_all().await;
    Ok(Report { waiting, producing, raw: [before, after], drain })
}

async fn raw(stack: &Stack) -> anyhow::Result<Raw> {
    eprintln!("reading all records with a plain consumer …");
    let read = raw::read(stack.address(BROKER)).await?;
    eprintln!("writing rows with a plain client …");
    let written = raw::write(&Rows::at(stack.address(TABLE))).await;
    Ok(Raw { read, written })
}

//! P2: the acknowledged messages of the homepage, compared with those of bare producers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use stack::plan::name::BROKER;
use tokio::time::{Instant, sleep_until};

use crate::{
    figures::{Rounds, per_second},
    finding::{Finding, Findings},
    load::Load,
    ratio::SENDING,
    raw::produce::Producer,
    scope::Scope,
    stacks,
};

const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let (mut homepage, mut bare) = (Rounds::default(), Rounds::default());
    for round in 1..=scope.rounds {
        eprintln!("P2, round {round}: the homepage sends flat out, without a router …");
        homepage.push(by_homepage(scope.seconds).await?);
        eprintln!("P2, round {round}: bare producers …");
        bare.push(by_producers(scope.seconds).await?);
    }
    Ok([Finding::ratio(SENDING, homepage, bare)].into())
}

async fn by_homepage(seconds: u32) -> anyhow::Result<f64> {
    let stack = stacks::without_router().await;
    // Longer than the measurement, so that all senders are busy to its end.
    let mut sending = Load::flat_out(seconds + 2).send(stack.homepage()).await?;
    let began = sending.began;
    growth(began, seconds, async || Ok(sending.progress().await?.accepted)).await
}

async fn by_producers(seconds: u32) -> anyhow::Result<f64> {
    let stack = stacks::bare().await;
    let producer = Producer::new(stack.address(BROKER))?;
    let acknowledged = Arc::<AtomicU64>::default();
    let time = WARM_UP + Duration::from_secs(seconds.into()) + Duration::from_secs(1);
    let count = async || Ok(acknowledged.load(Ordering::Relaxed));
    let growth = growth(Instant::now(), seconds, count);
    let (sent, growth) = tokio::join!(producer.flat_out(time, &acknowledged), growth);
    sent.and(growth)
}

/// By how much a count grows in a second, after the warm-up.
async fn growth(
    began: Instant,
    seconds: u32,
    mut count: impl AsyncFnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<f64> {
    sleep_until(began + WARM_UP).await;
    let (from, before) = (Instant::now(), count().await?);
    sleep_until(began + WARM_UP + Duration::from_secs(seconds.into())).await;
    let (to, after) = (Instant::now(), count().await?);
    Ok(per_second(after - before, to - from))
}

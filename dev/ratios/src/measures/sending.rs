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
    let mut marks = [(Instant::now(), 0); 2];
    for (mark, at) in marks.iter_mut().zip(window(sending.began, seconds)) {
        sleep_until(at).await;
        *mark = (Instant::now(), sending.progress().await?.accepted);
    }
    Ok(between(marks))
}

async fn by_producers(seconds: u32) -> anyhow::Result<f64> {
    let stack = stacks::bare().await;
    let producer = Producer::new(stack.address(BROKER))?;
    let acknowledged = Arc::<AtomicU64>::default();
    let mut marks = [(Instant::now(), 0); 2];
    let window = window(Instant::now(), seconds);
    let time = WARM_UP + Duration::from_secs(seconds.into()) + Duration::from_secs(1);
    let counting = async {
        for (mark, at) in marks.iter_mut().zip(window) {
            sleep_until(at).await;
            *mark = (Instant::now(), acknowledged.load(Ordering::Relaxed));
        }
    };
    let (sent, ()) = tokio::join!(producer.flat_out(time, &acknowledged), counting);
    sent?;
    Ok(between(marks))
}

/// The begin and the end of the measurement.
fn window(began: Instant, seconds: u32) -> [Instant; 2] {
    let from = began + WARM_UP;
    [from, from + Duration::from_secs(seconds.into())]
}

fn between([(from, before), (to, after)]: [(Instant, u64); 2]) -> f64 {
    per_second(after - before, to.duration_since(from))
}

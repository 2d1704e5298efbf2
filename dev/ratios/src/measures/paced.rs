//! P7 below the peak, and P16: what each process costs while messages come at a steady rate, or none, and one page is
//! open.

use std::{convert::Infallible, time::Duration};

use anyhow::ensure;
use client::homepage::Homepage;
use faults::viewers::Ask;
use stack::{Setup, Stack, plan::name::HOMEPAGE, usage};
use tokio::time::{Instant, interval, sleep_until};

use super::{
    answers::{arrived, none_failed},
    throughput::MESSAGES,
};
use crate::{
    cpu::{self, Cpu},
    finding::Findings,
    load::Load,
    ratio::PACED_CPU,
    scope::Scope,
    stacks,
};

/// The warm-up: this many messages per second for two seconds, so that each part has connected and learnt.
const WARM_UP: (u32, u32) = (600, 2);

/// Between the start of the load and the measurement.
const SETTLE: Duration = Duration::from_secs(4);

/// How many seconds a load lasts: longer than any measurement.
const LASTS: u32 = 120;

/// At least so many seconds are measured, and more of them at rates below this: CPU times come in hundredths of a second.
const SHORTEST: [u32; 2] = [20, 30];
const FEW: u32 = 10;

/// How often a page asks for the pipeline.
const PIPELINE: Duration = Duration::from_millis(500);

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for (rate, part) in PACED_CPU {
        if !scope.wants(&[part.ratio]) {
            continue;
        }
        let seconds = scope.seconds.max(SHORTEST[usize::from(rate < FEW)]);
        let (mut now, mut before) = (Vec::new(), Vec::new());
        for round in 1..=scope.rounds {
            eprintln!("{}, round {round}: {rate} messages per second, one page …", part.ratio);
            now.push(cost(stacks::whole(), rate, seconds).await?);
            if let Some(setup) = stacks::before(scope) {
                eprintln!("{}, round {round}: the build of before …", part.ratio);
                before.push(cost(setup, rate, seconds).await?);
            }
        }
        findings.extend(cpu::findings(part, &now, &before));
    }
    Ok(findings)
}

/// In seconds for [`MESSAGES`] messages; without messages, in per cent of a core.
async fn cost(setup: Setup, rate: u32, seconds: u32) -> anyhow::Result<Cpu> {
    let stack = setup.start().await;
    let viewers = arrived(stack.address(HOMEPAGE), Ask::Wait, 1).await?;
    let cost = tokio::select! {
        cost = measured(&stack, rate, seconds) => cost?,
        failed = watch_pipeline(stack.homepage()) => match failed? {},
    };
    none_failed(&viewers)?;
    Ok(cost)
}

async fn measured(stack: &Stack, rate: u32, seconds: u32) -> anyhow::Result<Cpu> {
    Load::at_rate(WARM_UP.0, WARM_UP.1).run(stack.homepage()).await?;
    let mut sending = Load::at_rate(rate, LASTS).send(stack.homepage()).await?;
    sleep_until(Instant::now() + SETTLE).await;
    // Its progress is not asked for in between, because that costs the homepage something, too.
    let stored = sending.progress().await?.stored;
    let (before, began) = (usage::of(stack)?, Instant::now());
    sleep_until(began + Duration::from_secs(seconds.into())).await;
    let (after, took) = (usage::of(stack)?, began.elapsed().as_secs_f64());
    let (stored, due) = (sending.progress().await?.stored - stored, f64::from(rate) * took);
    ensure!(
        stored as f64 >= due * 0.9,
        "only {stored} messages were stored in {took:.0} s, at {rate} messages per second"
    );
    // The rate is exact. What was stored depends on when it was asked for.
    let times = if rate > 0 { MESSAGES / due } else { 100.0 / took };
    Ok(Cpu::between(before, after, times))
}

/// What an open page does besides following the feed.
async fn watch_pipeline(homepage: &Homepage) -> anyhow::Result<Infallible> {
    let mut ask = interval(PIPELINE);
    loop {
        ask.tick().await;
        homepage.pipeline_as_page().await?;
    }
}

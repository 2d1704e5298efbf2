//! One run: start a stack, break it under load, let it heal and settle, and judge it.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use client::homepage::Homepage;
use futures::FutureExt as _;
use indicatif::HumanCount;
use stack::{Stack, plan::name::BROKER};
use tempfile::TempDir;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::{
    injection,
    load::{Load, Sent},
    output::RunLog,
    processors::{Processors, Scale},
    rhythm::Rhythm,
    schedule::{self, ScheduledFault},
    settle::{until_bursts_have_ended, until_nothing_waits},
    topology,
    verdict::Verdict,
    viewer::Viewer,
};

/// How often the progress is printed.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);

/// What to do in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How long faults are injected.
    pub(crate) length: Duration,
    /// None: three processors, all the time.
    pub(crate) scale: Option<Scale>,
}

/// Injects the faults of the plan, and prints the verdict. True if every promise was kept.
pub(crate) async fn run(plan: Plan, data: Arc<TempDir>, stop: &CancellationToken) -> bool {
    let Plan { seed, length, scale } = plan;
    let (mut stack, mut processors) = topology::start(data, seed, scale).await;
    let schedule = schedule::draw(seed, length, &topology::targets(&stack, scale.is_some()));
    let homepages = topology::homepages(&stack);
    let log = RunLog::start();
    let rhythm = Rhythm::start(scale.map(|scale| scale.window));
    let load = Load::start(&homepages, stack.address(BROKER), rhythm);
    let viewer = Viewer::start(&homepages, seed);
    let healed = tokio::select! {
        healed = break_and_heal(&mut stack, &mut processors, &schedule, &log, stop) => healed,
        never = print_progress(&load, &log) => match never {},
    };
    log.event("all faults have ended; waiting until every burst has ended and no message waits");
    let sent = load.end().await;
    let settled = has_settled(&stack, &homepages, &sent, &log).await;
    let seen = viewer.end().await;
    let alive = catch(async { injection::assert_alive(&mut stack, &[]) }).await.is_some();
    let verdict = catch(Verdict::of(&stack, &homepages, &sent, &seen)).await;
    let kept = verdict.is_some_and(|verdict| verdict.print());
    let scaled = match processors {
        Some(processors) => has_scaled(processors).await,
        None => true,
    };
    kept && healed && settled && alive && scaled
}

async fn has_scaled(processors: Processors) -> bool {
    let scaled = catch(processors.settle()).await.unwrap_or(false);
    processors.end().await;
    scaled
}

/// False if a process did something unexpected. Then as much as possible is healed, for the verdict.
async fn break_and_heal(
    stack: &mut Stack,
    processors: &mut Option<Processors>,
    schedule: &[ScheduledFault],
    log: &RunLog,
    stop: &CancellationToken,
) -> bool {
    if catch(injection::run(stack, processors, schedule, log, stop)).await.is_some() {
        return true;
    }
    log.event("this must not happen: the run ends here");
    catch(injection::heal_all(stack)).await;
    false
}

/// Whether nothing waits any more in time.
async fn has_settled(stack: &Stack, homepages: &[Homepage], sent: &Sent, log: &RunLog) -> bool {
    let Some(took) = catch(until_bursts_have_ended(homepages, sent)).await else { return false };
    log.event(format_args!("every burst has ended, after {:.1} s", took.as_secs_f64()));
    let Some(took) = catch(until_nothing_waits(stack, homepages)).await else { return false };
    log.event(format_args!("no message waits any more, after {:.1} s more", took.as_secs_f64()));
    true
}

/// `None` if it panics, as a stack does if something is not as it should be. The run goes on to its verdict.
async fn catch<T>(future: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(future).catch_unwind().await.ok()
}

async fn print_progress(load: &Load, log: &RunLog) -> Infallible {
    let mut ticks = interval_at(Instant::now() + PROGRESS_INTERVAL, PROGRESS_INTERVAL);
    loop {
        ticks.tick().await;
        let accepted = HumanCount(load.accepted());
        log.event(format_args!("the homepages have reported {accepted} accepted messages so far"));
    }
}

//! One run: start, break, heal, settle, account.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use client::homepage::Homepage;
use futures::FutureExt as _;
use stack::{Stack, plan::name::BROKER};
use tempfile::TempDir;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::{
    arena, faults,
    journal::{Journal, thousands},
    load::{Load, Sent},
    schedule,
    settle::{end_bursts, settle},
    verdict::Verdict,
    viewer::Viewer,
};

/// How often it is told how far all is.
const PROGRESS: Duration = Duration::from_secs(30);

/// Breaks what the seed says for so long, and tells the verdict: true when every promise was kept.
pub(crate) async fn whole(
    seed: u64,
    length: Duration,
    data: Arc<TempDir>,
    stop: &CancellationToken,
) -> bool {
    let mut stack = arena::start(data, seed).await;
    let strikes = schedule::draw(seed, length, &arena::targets(&stack));
    let homepages = arena::homepages(&stack);
    let journal = Journal::begin();
    let load = Load::begin(&homepages, stack.address(BROKER));
    let viewer = Viewer::begin(&homepages, seed);
    let healed = tokio::select! {
        healed = break_and_heal(&mut stack, &strikes, &journal, stop) => healed,
        never = progress(&load, &journal) => match never {},
    };
    journal.note("all is healed; the last bursts end, and then nothing must wait any more");
    let sent = load.end().await;
    let settled = has_settled(&stack, &homepages, &sent, &journal).await;
    let seen = viewer.end().await;
    let alive = unharmed(async { faults::assert_alive(&mut stack, &[]) }).await.is_some();
    let verdict = unharmed(Verdict::of(&stack, &homepages, &sent, &seen)).await;
    let kept = verdict.is_some_and(|verdict| verdict.tell());
    kept && healed && settled && alive
}

/// False when a process did not do as it should: then all is healed that can be, for the verdict.
async fn break_and_heal(
    stack: &mut Stack,
    strikes: &[schedule::Strike],
    journal: &Journal,
    stop: &CancellationToken,
) -> bool {
    if unharmed(faults::strike_all(stack, strikes, journal, stop)).await.is_some() {
        return true;
    }
    journal.note("that should not have happened: the run ends here");
    unharmed(faults::heal_all(stack)).await;
    false
}

/// Whether nothing waits any more in time.
async fn has_settled(
    stack: &Stack,
    homepages: &[Homepage],
    sent: &Sent,
    journal: &Journal,
) -> bool {
    let Some(took) = unharmed(end_bursts(homepages, sent)).await else { return false };
    journal.note(format_args!("every burst has ended, asked within {:.1} s", took.as_secs_f64()));
    let Some(took) = unharmed(settle(stack, homepages)).await else { return false };
    journal.note(format_args!("nothing waits any more, {:.1} s after that", took.as_secs_f64()));
    true
}

/// A stack panics with what is not as it should be. The run goes on all the same, for its verdict.
async fn unharmed<T>(doing: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(doing).catch_unwind().await.ok()
}

async fn progress(load: &Load, journal: &Journal) -> Infallible {
    let mut ticks = interval_at(Instant::now() + PROGRESS, PROGRESS);
    loop {
        ticks.tick().await;
        let accepted = thousands(load.accepted());
        journal.note(format_args!("{accepted} messages were said to be accepted so far"));
    }
}

//! Starts the router on a backlog, and watches until no record waits.

use std::{fmt, time::Duration};

use anyhow::{Context as _, ensure};
use client::{
    eventually::ticks,
    kafka::{GROUP, Kafka},
};
use stack::{
    Stack,
    plan::name::{BROKER, ROUTER},
    usage,
};
use tokio::time::Instant;

use super::memory::Memory;
use crate::figures::Growth;

const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How often the progress is printed.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// The measurement fails if the router finishes nothing for this long.
const STUCK: Duration = Duration::from_secs(60);

/// How the backlog was worked off.
#[derive(Debug)]
pub(crate) struct Drain {
    /// How many records were committed per second.
    pub(crate) rate: f64,
    pub(crate) page: Page,
    pub(crate) memory: Vec<Memory>,
}

/// How many messages wait according to the page, at each poll.
#[derive(Debug, Default)]
pub(crate) struct Page(Vec<u64>);

impl Drain {
    /// Of a stack whose router has not started yet, with this many records waiting.
    pub(crate) async fn watch(stack: &mut Stack, waiting: u32) -> anyhow::Result<Self> {
        let mut page = Page(vec![waiting_on_page(stack).await]);
        stack.start_again(ROUTER).await;
        // All processes run now, and the router's buffers are still empty.
        let mut memory: Vec<_> = usage::of(stack)?.iter().map(Memory::new).collect();
        let (started, mut growth) = (Instant::now(), Growth::default());
        let (mut printed, mut advanced, mut last) = (started, started, 0);
        let mut polls = ticks(POLL_INTERVAL);
        while last < waiting {
            polls.tick().await;
            let finished = finished(stack).await?;
            growth.note(finished.into(), Instant::now());
            page.0.push(waiting_on_page(stack).await);
            for memory in &mut memory {
                let usage = usage::of_process(stack, &memory.name)?;
                memory.note(f64::from(finished) / f64::from(waiting), &usage);
            }
            if finished > last {
                (advanced, last) = (Instant::now(), finished);
            }
            ensure!(advanced.elapsed() < STUCK, "{finished} of {waiting}, and none in {STUCK:?}");
            if printed.elapsed() > PROGRESS_INTERVAL {
                printed = Instant::now();
                print_progress(started, finished, &page);
            }
        }
        let rate = growth.rate().context("too few records to measure their drain")?;
        Ok(Self { rate, page, memory })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, last] = [self.0.first(), self.0.last()].map(|n| n.copied().unwrap_or_default());
        let never_rose = self.0.is_sorted_by(|before, after| before >= after);
        let how = if never_rose { "never rose" } else { "ROSE meanwhile" };
        write!(f, "the page's count of waiting messages went from {first} to {last} and {how}")
    }
}

async fn waiting_on_page(stack: &Stack) -> u64 {
    stack.feed(None, 1).await.totals.waiting
}

async fn finished(stack: &Stack) -> anyhow::Result<u32> {
    let committed = Kafka::at(stack.address(BROKER)).committed(GROUP).await;
    Ok(u32::try_from(committed.values().sum::<i64>())?)
}

fn print_progress(started: Instant, finished: u32, page: &Page) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(finished) / seconds;
    let waiting = page.0.last().copied().unwrap_or_default();
    eprintln!("  {seconds:.0} s: {finished} finished, {rate:.0}/s; {waiting} wait on the page");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_rose_is_reported() {
        let text = |waiting: &[u64]| Page(waiting.to_vec()).to_string();
        let expected = "the page's count of waiting messages went from 9 to 0 and never rose";
        assert_eq!(text(&[9, 9, 0]), expected);
        assert!(text(&[9, 3, 4, 0]).ends_with("and ROSE meanwhile"));
    }
}

//! Starts the router on a backlog, and watches until nothing waits.

use std::{fmt, time::Duration};

use anyhow::{Context as _, ensure};
use client::kafka::{GROUP, Kafka};
use stack::{
    Stack,
    plan::name::{BROKER, ROUTER},
    usage,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::memory::Memory;
use crate::figures::Growth;

const LOOK: Duration = Duration::from_millis(250);

/// How often it is told how far all is.
const PROGRESS: Duration = Duration::from_secs(10);

/// A router that finishes nothing for so long is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// How a backlog went.
#[derive(Debug)]
pub(crate) struct Drain {
    /// How much was committed in a second.
    pub(crate) rate: f64,
    pub(crate) page: Page,
    pub(crate) memory: Vec<Memory>,
}

/// What the page said was waiting, each time it was asked.
#[derive(Debug, Default)]
pub(crate) struct Page(Vec<u64>);

impl Drain {
    /// Of a stack whose router has not started, with so many records waiting.
    pub(crate) async fn watch(stack: &mut Stack, waiting: u32) -> anyhow::Result<Self> {
        let mut page = Page(vec![waits(stack).await]);
        // The router's memory before is that right after its start.
        stack.start_again(ROUTER).await;
        let mut memory: Vec<_> = usage::of(stack)?.iter().map(Memory::new).collect();
        let (started, mut growth) = (Instant::now(), Growth::default());
        let (mut told, mut moved, mut last) = (started, started, 0);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while last < waiting {
            looks.tick().await;
            let finished = finished(stack).await?;
            growth.note(finished.into(), Instant::now());
            page.0.push(waits(stack).await);
            for memory in &mut memory {
                let usage = usage::of_process(stack, &memory.name)?;
                memory.note(f64::from(finished) / f64::from(waiting), &usage);
            }
            if finished > last {
                (moved, last) = (Instant::now(), finished);
            }
            ensure!(moved.elapsed() < STUCK, "{finished} of {waiting}, and none in {STUCK:?}");
            if told.elapsed() > PROGRESS {
                told = Instant::now();
                tell(started, finished, &page);
            }
        }
        let rate = growth.rate().context("too few records to measure their drain")?;
        Ok(Self { rate, page, memory })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, last] = [self.0.first(), self.0.last()].map(|n| n.copied().unwrap_or_default());
        let only_fell = self.0.is_sorted_by(|before, after| before >= after);
        let how = if only_fell { "and never rose" } else { "and ROSE meanwhile" };
        write!(f, "the page said that {first} wait, at the end {last}, {how}")
    }
}

async fn waits(stack: &Stack) -> u64 {
    stack.feed(None, 1).await.totals.waiting
}

async fn finished(stack: &Stack) -> anyhow::Result<u32> {
    let committed = Kafka::at(stack.address(BROKER)).committed(GROUP).await;
    Ok(u32::try_from(committed.values().sum::<i64>())?)
}

fn tell(started: Instant, finished: u32, page: &Page) {
    let seconds = started.elapsed().as_secs_f64();
    let (rate, waits) = (f64::from(finished) / seconds, page.0.last().copied().unwrap_or_default());
    eprintln!("  {seconds:.0} s: {finished} finished, {rate:.0}/s; the page says {waits} wait");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_rose_says_so() {
        let said = |waits: &[u64]| Page(waits.to_vec()).to_string();
        assert_eq!(said(&[9, 9, 0]), "the page said that 9 wait, at the end 0, and never rose");
        assert!(said(&[9, 3, 4, 0]).ends_with("and ROSE meanwhile"));
    }
}

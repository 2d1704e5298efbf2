//! Starts the router on a backlog, and watches until nothing waits.

use std::time::Duration;

use anyhow::ensure;
use local::{
    bench::kafka::{GROUP, Kafka},
    plan::name::{BROKER, ROUTER},
    stack::Stack,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::memory::Memory;
use local::bench::usage;

const LOOK: Duration = Duration::from_millis(500);

/// How often it is told how far all is.
const PROGRESS: Duration = Duration::from_secs(10);

/// A router that finishes nothing for so long is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// How a backlog went.
#[derive(Debug)]
pub(crate) struct Drain {
    /// From the router's start until all was committed.
    pub(crate) took: Duration,
    /// What the page said was waiting, each time it was asked.
    pub(crate) page: Vec<u64>,
    pub(crate) memory: Vec<Memory>,
}

impl Drain {
    /// Of a stack whose router has not started, with so many records waiting.
    pub(crate) async fn watch(stack: &mut Stack, waiting: u32) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut page = vec![stack.feed(None, 1).await.totals.waiting];
        // The router's memory before is that right after its start.
        stack.start_again(ROUTER).await;
        let mut memory: Vec<_> = usage::of(stack)?.iter().map(Memory::new).collect();
        let (mut told, mut moved, mut last) = (started, started, 0);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while last < waiting {
            looks.tick().await;
            let finished = finished(stack).await?;
            page.push(stack.feed(None, 1).await.totals.waiting);
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
                tell(started, finished, page.last());
            }
        }
        Ok(Self { took: started.elapsed(), page, memory })
    }

    /// Whether what the page said waits only ever became less.
    pub(crate) fn page_only_fell(&self) -> bool {
        self.page.is_sorted_by(|before, after| before >= after)
    }
}

async fn finished(stack: &Stack) -> anyhow::Result<u32> {
    let committed = Kafka::at(stack.address(BROKER)).committed(GROUP).await;
    Ok(u32::try_from(committed.values().sum::<i64>())?)
}

fn tell(started: Instant, finished: u32, page: Option<&u64>) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(finished) / seconds;
    let waiting = page.copied().unwrap_or_default();
    eprintln!("{seconds:6.0} s  {finished} finished, {rate:.0}/s; the page says {waiting} wait");
}

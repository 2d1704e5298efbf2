//! Follows the messages of a load to the feed, by the times that each bullet carries.

use std::{fmt, time::Duration};

use anyhow::ensure;
use client::{
    browser::{Ask, Decoder},
    feed::MAX_BULLETS,
    homepage::{Bullet, Homepage},
};
use stack::{Stack, usage};
use tokio::time::{Instant, sleep_until};

use crate::{
    figures::{p50_and_p99, quantile},
    load::{Load, Sending},
    raw::record::millis_since,
    stacks::{self, SERVICES},
};

/// In seconds, before the measurement.
const WARM_UP: u32 = 1;

const IDLE_POLLS: u32 = 200;

/// How long messages took. All times are in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct FeedLatency {
    /// From sending a message until a viewer who waits for news has its bullet.
    pub(crate) to_feed: Vec<f64>,
    /// The same for a page, which asks no faster than it draws, and for a page of before, which polled.
    pub(crate) to_page: Vec<f64>,
    pub(crate) to_poll: Vec<f64>,
    /// How many bullets the feed left out, because there were too many at once.
    left_out: u64,
    /// The parts of `to_feed`: from the sender to the router, to the processor, and to the viewer.
    sender_to_router: Vec<f64>,
    router_to_processor: Vec<f64>,
    processor_to_feed: Vec<f64>,
    /// Polls of an idle homepage.
    pub(crate) idle_polls: Vec<f64>,
    /// CPU seconds of the services for 100,000 messages.
    cpu: f64,
}

impl FeedLatency {
    /// Sends messages at this rate through a fresh stack.
    pub(crate) async fn measure(rate: u32, seconds: u32) -> anyhow::Result<Self> {
        let stack = stacks::whole().start().await;
        let idle_polls = idle_polls(stack.homepage()).await?;
        let mut latency = Self { idle_polls, ..Self::default() };
        let before = cpu_seconds(&stack)?;
        let sending = Load::at_rate(rate, WARM_UP + seconds).send(stack.homepage()).await?;
        latency.follow_all(stack.homepage(), &sending, seconds).await?;
        let done = sending.done().await?;
        ensure!(
            done.stored == u64::from(rate * (WARM_UP + seconds)),
            "the homepage could not send {rate} messages per second"
        );
        latency.cpu = (cpu_seconds(&stack)? - before) * 100_000.0 / done.stored as f64;
        Ok(latency)
    }

    /// Three viewers follow the feed after the warm-up, for this time.
    async fn follow_all(
        &mut self,
        homepage: &Homepage,
        sending: &Sending<'_>,
        seconds: u32,
    ) -> anyhow::Result<()> {
        let from = sending.began + Duration::from_secs(WARM_UP.into());
        let to = from + Duration::from_secs(seconds.into());
        sleep_until(from).await;
        let follow = |ask, is_page| follow(homepage, ask, is_page, to);
        let (waiting, page, polling) = tokio::try_join!(
            follow(Ask::Wait, false),
            follow(Ask::Wait, true),
            follow(Ask::Now, true)
        )?;
        let idle_polls = std::mem::take(&mut self.idle_polls);
        *self = Self { idle_polls, to_page: page.to_feed, to_poll: polling.to_feed, ..waiting };
        Ok(())
    }

    fn add(&mut self, bullet: &Bullet) {
        let read_at = bullet.read_at.unwrap_or(bullet.received_at);
        self.to_feed.push(millis_since(bullet.sent_at));
        self.sender_to_router.push((read_at - bullet.sent_at) as f64);
        self.router_to_processor.push((bullet.received_at - read_at) as f64);
        self.processor_to_feed.push(millis_since(bullet.received_at));
    }

    /// The feed leaves out the oldest bullets. They took at least as long as the oldest one in the answer.
    fn add_left_out(&mut self, count: u64, oldest: Option<&Bullet>) {
        self.left_out += count;
        let at_least = oldest.map(|oldest| millis_since(oldest.sent_at));
        self.to_feed.extend((0..count).filter_map(|_| at_least));
    }
}

/// Follows the feed. A page pauses longer than `poll_after_ms` says, if it draws more slowly than that.
async fn follow(
    homepage: &Homepage,
    ask: Ask,
    is_page: bool,
    to: Instant,
) -> anyhow::Result<FeedLatency> {
    let (mut seen, decoder) = (FeedLatency::default(), Decoder::default());
    let mut cursor = homepage.feed(None, 1).await?.cursor;
    while Instant::now() < to {
        let answer = homepage.feed_as_page(ask, Some(&cursor), &decoder).await?;
        let feed = answer.feed()?;
        feed.bullets.iter().for_each(|bullet| seen.add(bullet));
        seen.add_left_out(feed.left_out(), feed.bullets.first());
        cursor = feed.cursor;
        sleep_until(
            Instant::now() + if is_page { ask.pause(false, &answer) } else { answer.poll_after },
        )
        .await;
    }
    ensure!(!seen.to_feed.is_empty(), "no bullet was in the feed");
    Ok(seen)
}

/// How long polls of an idle homepage take, one after the other.
async fn idle_polls(homepage: &Homepage) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..IDLE_POLLS {
        let sent = Instant::now();
        homepage.feed(None, MAX_BULLETS).await?;
        took.push(sent.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// The CPU time of all services together.
fn cpu_seconds(stack: &Stack) -> anyhow::Result<f64> {
    let mut cpu = Duration::ZERO;
    for service in SERVICES {
        cpu += usage::of_process(stack, service)?.cpu;
    }
    Ok(cpu.as_secs_f64())
}

impl fmt::Display for FeedLatency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = p50_and_p99(&self.to_feed);
        let [page, poll] = [&self.to_page, &self.to_poll].map(|it| p50_and_p99(it));
        let parts = [&self.sender_to_router, &self.router_to_processor, &self.processor_to_feed];
        let [router, processor, feed] = parts.map(|it| quantile(it, 0.5));
        write!(
            f,
            "{} bullets received after {p50:.1} ms (p50), {p99:.1} ms (p99); by a page, which asks at most ten times \
             a second, after {:.1} and {:.1} ms; by one that polls without `wait`, as pages did before, after \
             {:.1} and {:.1} ms; medians of the parts: \
             {router:.1} ms to the router, {processor:.1} ms to the processor, {feed:.1} ms to the feed; \
             the services took {:.1} s of CPU time for 100,000 messages; the feed left out {} bullets",
            self.to_feed.len(),
            page[0],
            page[1],
            poll[0],
            poll[1],
            self.cpu,
            self.left_out
        )
    }
}

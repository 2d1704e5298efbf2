//! Messages under load, each followed to the feed by its own times.

use std::{fmt, time::Duration};

use anyhow::ensure;
use client::homepage::{Bullet, Homepage};
use stack::{Stack, usage};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{
    figures::{middle_and_tail, quantile},
    load::{Load, Sent},
    raw::record::since,
    stacks::{self, SERVICES},
};

/// How often the viewer polls.
const POLL: Duration = Duration::from_millis(5);

/// The most bullets of one answer.
const LIMIT: u32 = 500;

/// What is left out at the begin.
const WARM_UP: u32 = 1;

/// How many polls of an idle homepage are timed.
const IDLE_POLLS: u32 = 200;

/// What was seen. All times are in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// From sending to the answer that has the bullet.
    pub(crate) in_the_feed: Vec<f64>,
    /// How many of them no answer had, because too many came at once.
    left_out: u64,
    /// Until the router has read it; from there to the processor; from there to the feed.
    to_router: Vec<f64>,
    to_processor: Vec<f64>,
    to_feed: Vec<f64>,
    /// What a poll takes while nothing else happens.
    pub(crate) poll_alone: Vec<f64>,
    /// CPU seconds of the services for 100,000 messages.
    cpu: f64,
}

impl Seen {
    /// Sends so much over a fresh stack.
    pub(crate) async fn measure(rate: u32, seconds: u32) -> anyhow::Result<Self> {
        let stack = stacks::whole().start().await;
        let mut seen = Self { poll_alone: polls(stack.homepage()).await?, ..Self::default() };
        let before = busy(&stack)?;
        let sent = Load::at_rate(rate, WARM_UP + seconds).send(stack.homepage()).await?;
        seen.follow(stack.homepage(), &sent, seconds).await?;
        let passage = sent.settled().await?;
        ensure!(
            passage.stored == u64::from(rate * (WARM_UP + seconds)),
            "the homepage could not send {rate} messages per second"
        );
        seen.cpu = (busy(&stack)? - before) * 100_000.0 / passage.stored as f64;
        Ok(seen)
    }

    /// Polls while it is sent.
    async fn follow(
        &mut self,
        page: &Homepage,
        sent: &Sent<'_>,
        seconds: u32,
    ) -> anyhow::Result<()> {
        let from = sent.began + Duration::from_secs(WARM_UP.into());
        let to = from + Duration::from_secs(seconds.into());
        sleep_until(from).await;
        let mut cursor = page.feed(None, 1).await?.cursor;
        let mut look = interval(POLL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < to {
            look.tick().await;
            let feed = page.feed(Some(&cursor), LIMIT).await?;
            feed.bullets.iter().for_each(|bullet| self.note(bullet));
            self.note_left_out(feed.passed - feed.bullets.len() as u64, feed.bullets.first());
            cursor = feed.cursor;
        }
        ensure!(!self.in_the_feed.is_empty(), "nothing came to the feed");
        Ok(())
    }

    /// An answer that is too small for all leaves out the oldest: they took at least as long as the oldest
    /// that it has.
    fn note_left_out(&mut self, many: u64, oldest: Option<&Bullet>) {
        self.left_out += many;
        let at_least = oldest.map(|oldest| since(oldest.sent_at));
        self.in_the_feed.extend((0..many).filter_map(|_| at_least));
    }

    fn note(&mut self, bullet: &Bullet) {
        let read_at = bullet.read_at.unwrap_or(bullet.received_at);
        self.in_the_feed.push(since(bullet.sent_at));
        self.to_router.push((read_at - bullet.sent_at) as f64);
        self.to_processor.push((bullet.received_at - read_at) as f64);
        self.to_feed.push(since(bullet.received_at));
    }
}

/// How long polls of an idle homepage take, one after the other.
async fn polls(page: &Homepage) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..IDLE_POLLS {
        let asked = Instant::now();
        page.feed(None, LIMIT).await?;
        took.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// CPU seconds of all services.
fn busy(stack: &Stack) -> anyhow::Result<f64> {
    let mut busy = Duration::ZERO;
    for service in SERVICES {
        busy += usage::of_process(stack, service)?.cpu;
    }
    Ok(busy.as_secs_f64())
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = middle_and_tail(&self.in_the_feed);
        let [router, processor, feed] =
            [&self.to_router, &self.to_processor, &self.to_feed].map(|it| quantile(it, 0.5));
        write!(
            f,
            "{} bullets in the feed after {p50:.1} ms (p50), {p99:.1} ms (p99); the medians of its parts: \
             {router:.1} ms to the router, {processor:.1} ms to the processor, {feed:.1} ms to the feed; \
             the services took {:.1} s of CPU time for 100,000 messages; {} came too many at once to be seen each",
            self.in_the_feed.len(),
            self.cpu,
            self.left_out
        )
    }
}

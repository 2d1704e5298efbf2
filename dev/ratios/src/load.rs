//! The load: bursts that a homepage sends, and how long they take until the last row.

use std::time::Duration;

use anyhow::ensure;
use client::{
    burst::{BurstRequest, Progress, refresh},
    eventually::ticks,
    homepage::{Burst, Homepage},
};
use tokio::time::Instant;

use crate::raw::TEXT;

/// From this rate on there are five times as many senders, so that none is limited by its acknowledgements.
const MANY: u32 = 2500;

/// How long a sender that is late catches up after its burst's duration, in seconds.
const CATCH_UP: u32 = 2;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What to send: bursts that start and end together.
#[derive(Debug)]
pub(crate) struct Load(Vec<BurstRequest>);

/// A load that is being sent.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    homepage: &'a Homepage,
    bursts: Vec<Burst>,
    pub(crate) began: Instant,
}

/// How many messages were stored, and how long that took from the first send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) stored: u64,
    /// Until Kafka had acknowledged the last message.
    pub(crate) sending: Duration,
    /// Until the last row was stored.
    pub(crate) storing: Duration,
}

impl Load {
    /// Exactly this many messages per second.
    pub(crate) fn at_rate(rate: u32, seconds: u32) -> Self {
        let parts = if rate < MANY { 1 } else { 5 };
        Self(BurstRequest::at_rate(TEXT, rate, seconds, parts))
    }

    /// More than any Kafka on one machine accepts, so that each of 200 senders only waits for its
    /// acknowledgements. They send for about this long, at least for three seconds.
    pub(crate) fn flat_out(seconds: u32) -> Self {
        let burst = BurstRequest {
            message: TEXT.into(),
            concurrency: BurstRequest::MAX_CONCURRENCY,
            rate: BurstRequest::MAX_RATE,
            duration: seconds.saturating_sub(CATCH_UP).max(1),
        };
        Self(vec![burst.clone(), burst])
    }

    pub(crate) async fn send<'a>(&self, homepage: &'a Homepage) -> anyhow::Result<Sending<'a>> {
        let began = Instant::now();
        let mut bursts = Vec::new();
        for burst in &self.0 {
            bursts.push(homepage.start_burst(burst).await?);
        }
        Ok(Sending { homepage, bursts, began })
    }

    /// Sends it all, and waits until the last row is stored.
    pub(crate) async fn run(&self, homepage: &Homepage) -> anyhow::Result<Done> {
        self.send(homepage).await?.done().await
    }
}

impl Sending<'_> {
    pub(crate) async fn progress(&mut self) -> anyhow::Result<Progress> {
        let errors = refresh(self.homepage, &mut self.bursts).await;
        match errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(Progress::of(&self.bursts)),
        }
    }

    /// Waits until the last row is stored.
    pub(crate) async fn done(mut self) -> anyhow::Result<Done> {
        let mut poll = ticks(POLL_INTERVAL);
        let mut sending = None;
        loop {
            poll.tick().await;
            let Progress { accepted, failed, stored, running, draining } = self.progress().await?;
            let now = self.began.elapsed();
            if !running {
                sending.get_or_insert(now);
            }
            if !running && !draining {
                ensure!(failed == 0, "Kafka did not acknowledge {failed} messages");
                ensure!(stored == accepted, "of {accepted} messages only {stored} have a row");
                let sending = sending.unwrap_or(now);
                return Ok(Done { stored, sending, storing: now });
            }
        }
    }
}

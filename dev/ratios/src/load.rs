//! The load: which bursts to send, and what becomes of them over time.

use std::time::Duration;

use anyhow::ensure;
use client::homepage::Homepage;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::raw::TEXT;

/// The limits of one burst.
const MAX_SENDERS: u32 = 100;
const MAX_RATE: u32 = 1000;

/// From this rate on there are five times as many senders, lest they wait for their acknowledgements.
const MANY: u32 = 2500;

/// A sender that fell behind catches up for so long after its burst's duration.
const CATCH_UP: u32 = 2;

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What to send: bursts of senders at a rate each, all for the same time.
#[derive(Debug)]
pub(crate) struct Load {
    bursts: Vec<Burst>,
    seconds: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct Burst {
    senders: u32,
    rate: u32,
}

/// A load that is being sent.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    homepage: &'a Homepage,
    ids: Vec<String>,
    pub(crate) began: Instant,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) stored: u64,
    pub(crate) running: bool,
    pub(crate) draining: bool,
}

/// What came through, and how long each part took from the first send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) stored: u64,
    /// Until Kafka had acknowledged the last message.
    pub(crate) sending: Duration,
    /// Until the last row was stored.
    pub(crate) storing: Duration,
}

impl Load {
    /// Exactly this many messages per second: full senders, and bursts for the remainders.
    pub(crate) fn at_rate(rate: u32, seconds: u32) -> Self {
        let parts = if rate < MANY { 1 } else { 5 };
        let bursts = (0..parts).flat_map(|part| {
            let rate = rate / parts + u32::from(part < rate % parts);
            let full = Burst { senders: MAX_SENDERS, rate: rate / MAX_SENDERS };
            let rest = Burst { senders: rate % MAX_SENDERS, rate: 1 };
            [full, rest].into_iter().filter(|burst| burst.senders * burst.rate > 0)
        });
        Self { bursts: bursts.collect(), seconds }
    }

    /// More than any Kafka on one machine takes, so that each of 200 senders only waits for its ack. They
    /// send for about so long, three seconds at least.
    pub(crate) fn flat_out(seconds: u32) -> Self {
        let bursts = [(); 2].map(|()| Burst { senders: MAX_SENDERS, rate: MAX_RATE });
        Self { bursts: bursts.into(), seconds: seconds.saturating_sub(CATCH_UP).max(1) }
    }

    /// Begins to send it.
    pub(crate) async fn send<'a>(&self, homepage: &'a Homepage) -> anyhow::Result<Sent<'a>> {
        let began = Instant::now();
        let mut ids = Vec::new();
        for burst in &self.bursts {
            let burst = json!({
                "message": TEXT,
                "concurrency": burst.senders,
                "rate": burst.rate,
                "duration": self.seconds,
            });
            let answer = homepage.post_burst(&burst).await?;
            ensure!(answer.status.is_success(), "the burst was refused: {}", answer.body);
            ids.push(answer.body["id"].as_str().unwrap_or_default().to_owned());
        }
        Ok(Sent { homepage, ids, began })
    }

    /// Sends it, and follows it until the last row is stored.
    pub(crate) async fn pass(&self, homepage: &Homepage) -> anyhow::Result<Passage> {
        self.send(homepage).await?.settled().await
    }
}

impl Sent<'_> {
    /// How far it is now.
    pub(crate) async fn state(&self) -> anyhow::Result<State> {
        let mut state = State::default();
        for id in &self.ids {
            let burst = self.homepage.burst(id).await?;
            state.accepted += burst.accepted;
            state.failed += burst.failed;
            state.stored += burst.stored;
            state.running |= burst.state == "running";
            state.draining |= burst.state == "draining";
        }
        Ok(state)
    }

    /// Waits for the last row.
    pub(crate) async fn settled(&self) -> anyhow::Result<Passage> {
        let mut look = interval(BETWEEN_LOOKS);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sending = None;
        loop {
            look.tick().await;
            let State { accepted, failed, stored, running, draining } = self.state().await?;
            let now = self.began.elapsed();
            if !running {
                sending.get_or_insert(now);
            }
            if !running && !draining {
                ensure!(failed == 0, "Kafka did not acknowledge {failed} messages");
                ensure!(stored == accepted, "of {accepted} messages only {stored} have a row");
                let sending = sending.unwrap_or(now);
                return Ok(Passage { stored, sending, storing: now });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_is_met_exactly() {
        for rate in [1, 99, 100, 101, 2050, 2501, 7777, 99_999, 100_000] {
            let load = Load::at_rate(rate, 1);
            assert_eq!(load.bursts.iter().map(|it| it.senders * it.rate).sum::<u32>(), rate);
            assert!(load.bursts.iter().all(|it| it.rate <= MAX_RATE && it.senders <= MAX_SENDERS));
            assert!(load.bursts.len() <= 10, "a homepage takes 20 at once");
        }
    }
}

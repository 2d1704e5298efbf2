//! The load: which bursts to send, and what became of them over time.

use std::{fmt, time::Duration};

use anyhow::ensure;
use local::{homepage::Homepage, plan::name::HOMEPAGE, stack::Setup};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The limits of one burst.
const MAX_SENDERS: u32 = 100;
const MAX_RATE: u32 = 1000;

const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

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

/// What came through, and how long each part took from the first send.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) stored: u64,
    /// Until Kafka had acknowledged the last message.
    pub(crate) sending: Duration,
    /// Until the last row was stored.
    pub(crate) storing: Duration,
}

impl Load {
    /// Exactly this many messages per second: full senders, and one burst for the remainder.
    pub(crate) fn at_rate(rate: u32, seconds: u32) -> Self {
        let full = Burst { senders: MAX_SENDERS, rate: rate / MAX_SENDERS };
        let rest = Burst { senders: rate % MAX_SENDERS, rate: 1 };
        let bursts = [full, rest].into_iter().filter(|burst| burst.senders * burst.rate > 0);
        Self { bursts: bursts.collect(), seconds }
    }

    /// More than any Kafka on one machine takes, so that each sender only waits for its ack.
    pub(crate) fn flat_out(seconds: u32) -> Self {
        let bursts = [(); 2].map(|()| Burst { senders: MAX_SENDERS, rate: MAX_RATE });
        Self { bursts: bursts.into(), seconds }
    }

    /// A stack whose limits are above this load: we measure the path, not the limits.
    pub(crate) fn allowed_by(&self, setup: Setup) -> Setup {
        let rate = self.rate().to_string();
        setup.var(HOMEPAGE, "MAX_RATE", &rate).var(HOMEPAGE, "MAX_CLIENT_RATE", &rate)
    }

    /// Sends it, and follows it until the last row is stored.
    pub(crate) async fn send(&self, homepage: &Homepage) -> anyhow::Result<Passage> {
        let started = Instant::now();
        let mut ids = Vec::new();
        for burst in &self.bursts {
            let burst = json!({
                "message": "measured",
                "concurrency": burst.senders,
                "rate": burst.rate,
                "duration": self.seconds,
            });
            let answer = homepage.post_burst(&burst).await?;
            ensure!(answer.status.is_success(), "the burst was refused: {}", answer.body);
            ids.push(answer.body["id"].as_str().unwrap_or_default().to_owned());
        }
        follow(homepage, &ids, started).await
    }

    fn rate(&self) -> u32 {
        self.bursts.iter().map(|burst| burst.senders * burst.rate).sum()
    }
}

async fn follow(homepage: &Homepage, ids: &[String], started: Instant) -> anyhow::Result<Passage> {
    let mut look = interval(BETWEEN_LOOKS);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sending = None;
    loop {
        look.tick().await;
        let (mut accepted, mut failed, mut stored) = (0, 0, 0);
        let (mut running, mut draining) = (false, false);
        for id in ids {
            let burst = homepage.burst(id).await?;
            accepted += burst.accepted;
            failed += burst.failed;
            stored += burst.stored;
            running |= burst.state == "running";
            draining |= burst.state == "draining";
        }
        let now = started.elapsed();
        if !running {
            sending.get_or_insert(now);
        }
        if !running && !draining {
            let sending = sending.unwrap_or(now);
            return Ok(Passage { accepted, failed, stored, sending, storing: now });
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let senders: u32 = self.bursts.iter().map(|burst| burst.senders).sum();
        let (rate, seconds) = (self.rate(), self.seconds);
        write!(f, "up to {rate} messages per second from {senders} senders for {seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_is_met_exactly() {
        for rate in [1, 99, 100, 101, 2050, 99_999, 100_000] {
            let load = Load::at_rate(rate, 1);
            assert_eq!(load.rate(), rate);
            assert!(load.bursts.iter().all(|burst| burst.rate <= MAX_RATE));
        }
    }
}

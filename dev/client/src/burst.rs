//! Bursts as tools send them: a rate cut into bursts, and how far they are.

use std::time::Duration;

use serde::Serialize;

use crate::{answers::Burst, eventually::within, homepage::Homepage, http::Error};

/// How long a burst may take until it has ended: longer than any burst of a test, also when parts fail during it.
const SETTLED: Duration = Duration::from_secs(90);

/// The JSON body of `POST /bursts`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BurstRequest {
    pub message: String,
    /// How many senders it has.
    pub concurrency: u32,
    /// How many messages each sender sends in a second.
    pub rate: u32,
    /// How many seconds it sends.
    pub duration: u32,
}

impl BurstRequest {
    pub const MAX_CONCURRENCY: u32 = 100;
    pub const MAX_RATE: u32 = 1000;
    pub const MAX_DURATION: u32 = 300;

    /// At least `parts` bursts that together send exactly `rate` messages in a second, each within the limits of a
    /// burst. More than 100,000 per second are more parts.
    ///
    /// For example, 250 per second in one part are a burst of 100 senders with 2 per second each, and one of 50
    /// senders with 1 per second each.
    pub fn at_rate(message: &str, rate: u32, duration: u32, parts: u32) -> Vec<Self> {
        let parts = parts.max(rate.div_ceil(Self::MAX_CONCURRENCY * Self::MAX_RATE)).max(1);
        let bursts = (0..parts).flat_map(|part| {
            let rate = rate / parts + u32::from(part < rate % parts);
            let even = (Self::MAX_CONCURRENCY, rate / Self::MAX_CONCURRENCY);
            let rest = (rate % Self::MAX_CONCURRENCY, 1);
            [even, rest].into_iter().filter(|(senders, rate)| senders * rate > 0)
        });
        let request =
            |(concurrency, rate)| Self { message: message.into(), concurrency, rate, duration };
        bursts.map(request).collect()
    }
}

/// How far several bursts are together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub accepted: u64,
    pub failed: u64,
    pub stored: u64,
    /// Whether one of them still sends.
    pub running: bool,
    /// Whether one of them waits for messages that it has sent.
    pub draining: bool,
}

impl Progress {
    pub fn of(bursts: &[Burst]) -> Self {
        let mut progress = Self::default();
        for burst in bursts {
            progress.accepted += burst.accepted;
            progress.failed += burst.failed;
            progress.stored += burst.stored;
            progress.running |= burst.state == "running";
            progress.draining |= burst.state == "draining";
        }
        progress
    }
}

/// Reads again how the bursts are doing that have not ended. Returns what failed; those bursts stay as they were.
pub async fn refresh(homepage: &Homepage, bursts: &mut [Burst]) -> Vec<Error> {
    let mut errors = Vec::new();
    for burst in bursts.iter_mut().filter(|burst| !burst.has_ended()) {
        match homepage.burst(&burst.id).await {
            Ok(now) => *burst = now,
            Err(error) => errors.push(error),
        }
    }
    errors
}

/// Waits until a burst has ended; panics after 90 seconds. If the homepage does not answer, it tries again.
pub async fn settled(homepage: &Homepage, id: &str) -> Burst {
    let mut settled = None;
    within(SETTLED, "the burst is neither running nor draining", async || {
        settled = homepage.burst(id).await.ok().filter(Burst::has_ended);
        settled.is_some()
    })
    .await;
    settled.expect("it is set when the wait ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_is_met_exactly_within_the_limits_of_a_burst() {
        for rate in [0, 1, 99, 100, 101, 2050, 2501, 7777, 99_999, 100_000, 250_001] {
            for parts in [1, 5] {
                let bursts = BurstRequest::at_rate("hi", rate, 1, parts);
                assert_eq!(bursts.iter().map(|it| it.concurrency * it.rate).sum::<u32>(), rate);
                let fits = |it: &BurstRequest| {
                    it.concurrency <= BurstRequest::MAX_CONCURRENCY
                        && it.rate <= BurstRequest::MAX_RATE
                };
                assert!(bursts.iter().all(fits), "{bursts:?}");
                assert!(bursts.len() <= 10, "a homepage takes 20 at once");
            }
        }
    }
}

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

    /// What the largest burst sends in a second.
    const MOST: u32 = Self::MAX_CONCURRENCY * Self::MAX_RATE;

    /// Bursts that together send exactly `rate` messages in a second, each within the limits of a burst. The rate is
    /// cut evenly into `parts`. If these cannot send it, there are as many of the largest bursts as it fills, and one
    /// part for the rest.
    ///
    /// For example, 250 per second in one part are a burst of 100 senders with 2 per second each, and one of 50
    /// senders with 1 per second each. 250,001 per second are two of the largest bursts, one of 100 senders with 500
    /// per second each, and one of a single sender with 1 per second.
    pub fn at_rate(message: &str, rate: u32, duration: u32, parts: u32) -> Vec<Self> {
        let is_too_much = rate > parts.saturating_mul(Self::MOST);
        let (full, rate, parts) = match is_too_much {
            true => (rate / Self::MOST, rate % Self::MOST, 1),
            false => (0, rate, parts),
        };
        let full = (0..full).map(|_| (Self::MAX_CONCURRENCY, Self::MAX_RATE));
        let parts = (0..parts).flat_map(|part| {
            let rate = rate / parts + u32::from(part < rate % parts);
            let even = (Self::MAX_CONCURRENCY, rate / Self::MAX_CONCURRENCY);
            let rest = (rate % Self::MAX_CONCURRENCY, 1);
            [even, rest].into_iter().filter(|(senders, rate)| senders * rate > 0)
        });
        let request =
            |(concurrency, rate)| Self { message: message.into(), concurrency, rate, duration };
        full.chain(parts).map(request).collect()
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
            Ok(now) => burst.update(now),
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

    #[test]
    fn a_rate_beyond_one_burst_fills_whole_bursts_first() {
        let bursts = |rate, parts| {
            let bursts = BurstRequest::at_rate("hi", rate, 1, parts);
            bursts.iter().map(|it| (it.concurrency, it.rate)).collect::<Vec<_>>()
        };
        const FULL: (u32, u32) = (100, 1000);
        assert_eq!(bursts(100_000, 1), [FULL]);
        assert_eq!(bursts(100_001, 1), [FULL, (1, 1)]);
        assert_eq!(bursts(250_001, 1), [FULL, FULL, (100, 500), (1, 1)]);
        assert_eq!(bursts(300_000, 2), [FULL; 3]);
        assert_eq!(bursts(100_000, 5), [(100, 200); 5]);
    }
}

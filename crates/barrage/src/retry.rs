//! What an error means for a record, and how long to wait before the next attempt.

use std::time::Duration;

/// What an error means for the record that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The record is not at fault, for example when a service is down: try again without a limit.
    Wait,
    /// The record may be at fault: try again, a limited number of times.
    Retry,
    /// The record is at fault and stays so: do not try again.
    Final,
}

/// Waiting times that double up to a limit. Each is shortened by up to half at random, so that many waiters
/// for the same thing do not try again at the same moment.
///
/// An example: 100 ms with a limit of 1 s gives at most 100, 200, 400, 800, 1000, 1000 ms, and so on. Each wait
/// is at least half of that.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    limit: Duration,
    failures: u32,
}

impl Backoff {
    pub const fn new(first: Duration, limit: Duration) -> Self {
        Self { first, limit, failures: 0 }
    }

    /// To be called after a success: the next wait is the first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many waits there were since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    pub fn next_wait(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.limit).mul_f64(1.0 - rand::random::<f64>() / 2.0)
    }

    pub async fn wait(&mut self) {
        let wait = self.next_wait();
        pause(wait).await;
    }
}

/// Waits a fixed time between two polls.
#[expect(clippy::disallowed_methods, reason = "the one place where services wait for time")]
pub async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// Waits for `shortest`, and then until `event`, but not longer than `longest` in all.
pub async fn pause_until(event: impl Future, shortest: Duration, longest: Duration) {
    pause(shortest).await;
    let _event_or_none = tokio::time::timeout(longest.saturating_sub(shortest), event).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_begin_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for full in [100, 200, 400, 800, 1000, 1000] {
            let wait = backoff.next_wait();
            assert!(wait <= Duration::from_millis(full), "{wait:?} of {full}");
            assert!(wait >= Duration::from_millis(full / 2), "{wait:?} of {full}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_millis(100));
    }

    #[test]
    fn a_thousand_failures_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for _ in 0..1000 {
            assert!(backoff.next_wait() <= Duration::from_secs(5));
        }
    }
}

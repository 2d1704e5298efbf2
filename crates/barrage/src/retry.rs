//! What to do after an error, and how long to wait before doing it.

use std::time::Duration;

/// What an error means for a record on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The world is at fault: try again without end.
    Wait,
    /// This record is at fault, perhaps: try it again, counted.
    Retry,
    /// This record is at fault, for good.
    Final,
}

/// Waiting times that double up to a limit, each shortened by up to half at random, so that those
/// who wait for the same thing do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    limit: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits `first`, then twice as long each time, up to `limit`.
    pub const fn new(first: Duration, limit: Duration) -> Self {
        Self { first, limit, failures: 0 }
    }

    /// Starts anew, after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many times it was asked since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The next waiting time.
    pub fn next_wait(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.limit).mul_f64(1.0 - rand::random::<f64>() / 2.0)
    }

    /// Waits for [`Backoff::next_wait`].
    pub async fn wait(&mut self) {
        let wait = self.next_wait();
        pause(wait).await;
    }
}

/// Waits a fixed time: between two polls of a thing that cannot call us.
#[expect(clippy::disallowed_methods, reason = "the one place where services wait for time")]
pub async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_start_anew_after_a_success() {
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

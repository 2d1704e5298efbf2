//! What the proxy does wrong, and the random numbers that decide when.

use std::time::Duration;

use parking_lot::Mutex;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// What the proxy does wrong. A share is between 0 (never) and 1 (always).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The share of a batch's items, written or read, that is returned unprocessed.
    pub unprocessed: f64,
    /// The share of requests for rows that is refused because throughput is exceeded.
    pub throttled: f64,
    /// The share of all requests that takes `slow_by` longer.
    pub slow: f64,
    pub slow_by: Duration,
    /// The share of existing rows that an eventually consistent answer omits.
    pub stale: f64,
    /// The share of a batch's rows that is written up to `late_by` later, even if the client has given up.
    pub late: f64,
    pub late_by: Duration,
}

/// Random numbers that are the same for the same seed.
#[derive(Debug)]
pub(super) struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// True in this share of the calls.
    pub(super) fn chance(&self, share: f64) -> bool {
        self.0.lock().random_bool(share)
    }

    /// A duration between zero and `limit`.
    pub(super) fn up_to(&self, limit: Duration) -> Duration {
        self.0.lock().random_range(Duration::ZERO..=limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let random = SeededRandom::new(seed);
            (0..64).map(|_| random.chance(0.5)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn a_chance_is_true_as_often_as_its_share_says() {
        let random = SeededRandom::new(1);
        let count = |share| (0..10_000).filter(|_| random.chance(share)).count();
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        assert!((2_800..3_200).contains(&count(0.3)));
    }
}

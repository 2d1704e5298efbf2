//! Chance that follows from a seed.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Throws that look random and are the same for the same seed.
#[derive(Debug)]
pub(super) struct Dice(Mutex<StdRng>);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Whether it happens, which it does in this share of the throws.
    pub(super) fn happens(&self, share: f64) -> bool {
        self.random().random_bool(share)
    }

    /// A time of at most so long.
    pub(super) fn up_to(&self, limit: Duration) -> Duration {
        self.random().random_range(Duration::ZERO..=limit)
    }

    fn random(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_has_the_same_throws() {
        let throws = |seed| {
            let dice = Dice::of(seed);
            (0..64).map(|_| dice.happens(0.5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn it_happens_as_often_as_the_share_says() {
        let dice = Dice::of(1);
        let often = |share| (0..10_000).filter(|_| dice.happens(share)).count();
        assert_eq!((often(0.0), often(1.0)), (0, 10_000));
        assert!((2_800..3_200).contains(&often(0.3)));
    }
}

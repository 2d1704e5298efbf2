//! Chance that follows from a seed.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A sequence of numbers that looks random and is the same for the same seed: `SplitMix64`.
#[derive(Debug)]
pub(super) struct Dice(Mutex<u64>);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// Whether it happens, which it does in this share of the throws.
    pub(super) fn happens(&self, share: f64) -> bool {
        share > 0.0 && self.throw() < share
    }

    /// A time of at most so long.
    pub(super) fn up_to(&self, limit: Duration) -> Duration {
        limit.mul_f64(self.throw())
    }

    /// A number from 0, below 1.
    fn throw(&self) -> f64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let upper = u32::try_from((mixed ^ (mixed >> 31)) >> 32).expect("half of its bits are 32");
        f64::from(upper) / 2f64.powi(32)
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

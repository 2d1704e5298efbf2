//! How many records go in one call.
//!
//! Batches form naturally: whatever has arrived goes, so an idle router adds no delay and a busy one
//! fills its calls. The most that goes at once follows the processor's speed, so that a call neither runs
//! into its deadline nor keeps a new processor waiting for its share.

use std::time::Duration;

/// The most records of one call, for now.
#[derive(Clone, Copy, Debug)]
pub struct BatchSize {
    max: usize,
    now: usize,
    /// Seconds that a call takes with a single record: what even the smallest costs.
    trip: f64,
    /// Seconds that each further record takes, smoothed.
    cost: Option<f64>,
}

impl BatchSize {
    /// How long a call should take, beyond what even the smallest takes.
    pub const TARGET: Duration = Duration::from_millis(500);
    /// The most bytes of one call, well below the 4 MiB that gRPC takes.
    pub const BYTES: usize = 2 << 20;

    /// At most `max` records, and as many at the start.
    pub fn new(max: usize) -> Self {
        Self { max, now: max, trip: 0.0, cost: None }
    }

    /// The most records of the next call.
    pub fn records(&self) -> usize {
        self.now
    }

    /// A call of so many records took so long.
    pub fn succeeded(&mut self, records: usize, took: Duration) {
        if records == 0 {
            return;
        }
        let took = took.as_secs_f64();
        let beyond = (took - self.trip).max(0.0);
        self.trip = if records == 1 { took } else { self.trip.min(took) };
        if records == 1 && self.now > 1 && self.cost.is_some() {
            return; // It is all round trip, and says nothing of a large call.
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
        let cost = beyond / records as f64;
        // A small call is mostly the round trip: it says nothing against a large one.
        let heavy = records >= self.now || beyond > Self::TARGET.as_secs_f64();
        let smoothed = self.cost.map_or(cost, |before| before.mul_add(0.7, cost * 0.3));
        self.cost =
            Some(if heavy { smoothed } else { smoothed.min(self.cost.unwrap_or(smoothed)) });
        self.fit();
    }

    /// A call ran into its deadline, or was too much.
    pub fn failed(&mut self) {
        self.now = (self.now / 2).max(1);
    }

    fn fit(&mut self) {
        let Some(cost) = self.cost.filter(|cost| *cost > 0.0) else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let fitting = (Self::TARGET.as_secs_f64() / cost).min(1e6) as usize;
        // Growing is at most twofold, so that one lucky call does not make the next one huge.
        self.now = fitting.min(self.now * 2).clamp(1, self.max);
    }
}

/// How many of these sizes go together: at most `records` and [`BatchSize::BYTES`], but always one.
pub fn fitting(sizes: impl Iterator<Item = usize>, records: usize) -> usize {
    let mut bytes = 0;
    let fits = |size: &usize| {
        bytes += size;
        bytes <= BatchSize::BYTES
    };
    sizes.take(records).take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slow_processor_gets_small_calls_and_a_fast_one_large_ones() {
        let mut size = BatchSize::new(500);
        for _ in 0..20 {
            let records = size.records();
            size.succeeded(records, Duration::from_millis(50) * u32::try_from(records).unwrap());
        }
        assert_eq!(size.records(), 10);
        for _ in 0..40 {
            let records = size.records();
            size.succeeded(records, Duration::from_micros(100) * u32::try_from(records).unwrap());
        }
        assert_eq!(size.records(), 500);
    }

    #[test]
    fn calls_stay_large_where_even_the_smallest_is_slow() {
        let mut size = BatchSize::new(500);
        for _ in 0..10 {
            size.succeeded(1, Duration::from_millis(5));
        }
        for _ in 0..50 {
            size.succeeded(size.records(), Duration::from_secs(2));
        }
        assert_eq!(size.records(), 500);
        // It is fast again, but each record is work: a single one tells the one from the other.
        size.succeeded(1, Duration::from_millis(50));
        for _ in 0..50 {
            let work = Duration::from_millis(50) * u32::try_from(size.records()).unwrap();
            size.succeeded(size.records(), work);
        }
        assert!((8..=12).contains(&size.records()), "{}", size.records());
    }

    #[test]
    fn a_small_call_that_is_mostly_round_trip_changes_nothing() {
        let mut size = BatchSize::new(500);
        size.succeeded(500, Duration::from_millis(100));
        for _ in 0..50 {
            size.succeeded(1, Duration::from_millis(10));
        }
        assert_eq!(size.records(), 500);
    }

    #[test]
    fn bytes_bound_a_call_but_one_record_always_goes() {
        assert_eq!(fitting([100; 10].into_iter(), 4), 4);
        assert_eq!(fitting([BatchSize::BYTES / 2; 5].into_iter(), 10), 2);
        assert_eq!(fitting([BatchSize::BYTES * 2; 3].into_iter(), 10), 1);
    }

    proptest! {
        #[test]
        fn the_size_stays_within_its_limits(
            calls in proptest::collection::vec((0usize..600, 0u64..100_000, any::<bool>()), 0..100)
        ) {
            let mut size = BatchSize::new(500);
            for (records, ms, good) in calls {
                if good { size.succeeded(records, Duration::from_millis(ms)) } else { size.failed() }
                prop_assert!((1..=500).contains(&size.records()));
            }
        }
    }
}

//! How many records go in one call.
//!
//! A call takes whatever has arrived, up to [`BatchSize`]: an idle router adds no delay, and a busy one
//! fills its calls. `BatchSize` follows the speed of the processors, so that a call neither reaches its
//! deadline nor holds records that another processor could have had.

use std::time::Duration;

/// The most records of one call, learnt from the calls before.
///
/// It assumes that a call takes a round trip and then a fixed time for each record, and chooses as many
/// records as fit into [`BatchSize::TARGET`] beyond the round trip. Example with at most 500 records:
///
/// | call | took | time for each record | next call |
/// | --- | --- | --- | --- |
/// | 500 records | 5 s | 10 ms | 0.5 s / 10 ms = 50 records |
/// | 50 records | 500 ms | 10 ms | 50 records |
/// | 50 records | 50 ms, the processor is faster now | 0.7 × 10 ms + 0.3 × 1 ms = 7.3 ms | 68 records |
/// | 68 records | it reached the deadline | as before | half: 34 records |
///
/// Three rules keep it from learning the wrong thing:
///
/// - A call with one record measures the round trip. It says nothing about each further record.
/// - A call with fewer records than allowed is mostly round trip. It may only lower the time for each
///   record, unless it took longer than the target.
/// - The size at most doubles from one call to the next, so that one lucky call has little effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchSize {
    max: usize,
    current: usize,
    /// Seconds that a call with one record takes; 0 until there was one.
    round_trip: f64,
    /// Seconds for each record beyond the round trip, smoothed.
    per_record: Option<f64>,
}

impl BatchSize {
    /// How long a call should take beyond the round trip.
    pub(crate) const TARGET: Duration = Duration::from_millis(500);
    /// The most bytes of one call, well below the 4 MiB that gRPC accepts.
    pub(crate) const BYTES: usize = 2 << 20;

    /// At most `max` records, and as many at the start.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, current: max, round_trip: 0.0, per_record: None }
    }

    /// The most records of the next call: 1 to the maximum.
    pub(crate) fn records(&self) -> usize {
        self.current
    }

    /// Learns from a call that succeeded.
    pub(crate) fn succeeded(&mut self, records: usize, took: Duration) {
        if records == 0 {
            return;
        }
        let took = took.as_secs_f64();
        let beyond = (took - self.round_trip).max(0.0);
        self.round_trip = if records == 1 { took } else { self.round_trip.min(took) };
        if records == 1 && self.current > 1 && self.per_record.is_some() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
        let measured = beyond / records as f64;
        let is_telling = records >= self.current || beyond > Self::TARGET.as_secs_f64();
        let smoothed =
            self.per_record.map_or(measured, |before| before.mul_add(0.7, measured * 0.3));
        let lowered = smoothed.min(self.per_record.unwrap_or(smoothed));
        self.per_record = Some(if is_telling { smoothed } else { lowered });
        self.fit();
    }

    /// Halves the size, because a call reached its deadline or was too large.
    pub(crate) fn overloaded(&mut self) {
        self.current = (self.current / 2).max(1);
    }

    fn fit(&mut self) {
        let Some(per_record) = self.per_record.filter(|seconds| *seconds > 0.0) else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let fitting = (Self::TARGET.as_secs_f64() / per_record).min(1e6) as usize;
        self.current = fitting.min(self.current * 2).clamp(1, self.max);
    }
}

/// How many records go in one call, from their sizes in bytes: always one, and otherwise at most `records`
/// with [`BatchSize::BYTES`] in all.
pub(crate) fn fitting(sizes: impl Iterator<Item = usize>, records: usize) -> usize {
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
    fn a_slow_processor_gets_small_calls_and_a_fast_one_large_calls() {
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
    fn calls_stay_large_if_even_a_call_with_one_record_is_slow() {
        let mut size = BatchSize::new(500);
        for _ in 0..10 {
            size.succeeded(1, Duration::from_millis(5));
        }
        for _ in 0..50 {
            size.succeeded(size.records(), Duration::from_secs(2));
        }
        assert_eq!(size.records(), 500);
        // The round trip is short again, but each record takes time now.
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
    fn the_example_of_the_documentation_is_right() {
        let mut size = BatchSize::new(500);
        size.succeeded(500, Duration::from_secs(5));
        assert_eq!(size.records(), 50);
        size.succeeded(50, Duration::from_millis(500));
        assert_eq!(size.records(), 50);
        size.succeeded(50, Duration::from_millis(50));
        assert_eq!(size.records(), 68);
        size.overloaded();
        assert_eq!(size.records(), 34);
    }

    #[test]
    fn a_call_has_a_limit_in_bytes_but_always_takes_one_record() {
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
            for (records, ms, succeeded) in calls {
                if succeeded {
                    size.succeeded(records, Duration::from_millis(ms));
                } else {
                    size.overloaded();
                }
                prop_assert!((1..=500).contains(&size.records()));
            }
        }
    }
}

//! How many records go in one call.
//!
//! A call takes whatever has arrived, up to [`BatchSize`]: an idle router adds no delay, and a busy one
//! fills its calls. `BatchSize` follows the speed of the processors. It begins with one record and grows, so that
//! from the first call on none is meant to take more than a second.

use std::time::Duration;

/// The most records of one call to an address, learnt from the calls before.
///
/// It assumes that a call takes some time with one record, and then a fixed time for each further record.
///
/// - **Work**: a further record takes five milliseconds or more. Then a call is meant to take a tenth of a second, and
///   throughput comes from many calls at once ([`Concurrency`](crate::concurrency::Concurrency)), which can be
///   spread over all processors behind the address.
/// - **No work**: a call may take half a second beyond its first record. Few large calls cost least.
///
/// Example with at most 500 records, one call at a time:
///
/// | call | took | each further record | next call |
/// | --- | --- | --- | --- |
/// | 1 record | 25 ms | unknown, at most 25 ms | 2 records: the size at most doubles |
/// | 2 records | 45 ms | between 25 and 20 ms: 22.5 ms | 100 ms / 22.5 ms = 4 records |
/// | 4 records | 85 ms | between 22.5 and 20 ms: 21.3 ms | 4 records |
/// | 4 records | no answer: the processor is gone | as before | 1 record |
///
/// A call may have waited behind others, or have shared the processor with them. So with `n` calls at once, what
/// a call took for each record is only the most that the work may be, and an `n`-th of it the least. The time for
/// each record changes only if it is not between the two. Otherwise more calls would look like more work, which
/// would make calls smaller, which would ask for more calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchSize {
    max: usize,
    current: usize,
    /// Seconds that a call with one record takes.
    one_record: f64,
    /// Seconds for each further record, smoothed.
    per_record: Option<f64>,
    /// How many calls had one record because no more fit into their time.
    single: u32,
    /// How many calls in a row have said that records are work.
    working: u32,
}

/// What a call that succeeded has carried, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) records: usize,
    /// How many of them were not rejected: to reject a record is no work.
    pub(crate) accepted: usize,
    pub(crate) took: Duration,
    /// How many calls the address had when it began or when it ended, whichever is more.
    pub(crate) calls: usize,
}

impl BatchSize {
    /// How long a call should take beyond its first record, without work.
    const TARGET: Duration = Duration::from_millis(500);
    /// How long a call should take if its records are work.
    const WORK_TARGET: Duration = Duration::from_millis(100);
    /// Records are work if each further one takes as long.
    const WORK: f64 = 0.005;
    /// The same where a call never has a further record.
    const WORK_ALONE: f64 = 0.05;
    /// So many calls in a row must say that records are work.
    const SURE: u32 = 16;
    /// What a call may take besides its records.
    const OVERHEAD: Duration = Duration::from_millis(20);
    /// After so many calls with one record, one has two: the time of a call may have another reason than its
    /// records. Only where that is no long call.
    const SINGLE: u32 = 16;
    /// The most bytes of one call, well below the 4 MiB that gRPC accepts.
    pub(crate) const BYTES: usize = 2 << 20;

    /// At most `max` records, and one at the start.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, current: 1, one_record: 0.0, per_record: None, single: 0, working: 0 }
    }

    /// The most records of the next call: 1 to the maximum.
    pub(crate) fn records(&self) -> usize {
        self.current
    }

    /// Whether records are work, so that more processors would finish them sooner. The first calls may take long
    /// for other reasons, so it takes several of them to say so.
    pub(crate) fn is_busy(&self) -> bool {
        self.working >= Self::SURE
    }

    fn is_work(&self) -> bool {
        let least = if self.max == 1 { Self::WORK_ALONE } else { Self::WORK };
        self.per_record.is_some_and(|seconds| seconds >= least)
    }

    /// How long a call with so many records takes if it waits for nothing.
    #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
    pub(crate) fn expected(&self, records: usize) -> Duration {
        let work = self.per_record.unwrap_or(0.0) * records as f64;
        Self::OVERHEAD + Duration::try_from_secs_f64(work).unwrap_or_default()
    }

    /// Learns from a call that succeeded.
    pub(crate) fn succeeded(&mut self, call: Load) {
        if let Some((least, most)) = self.measured(call) {
            let before = self.per_record.unwrap_or(most);
            self.per_record = Some(f64::midpoint(before, before.clamp(least, most)));
        }
        self.working = if self.is_work() { self.working.saturating_add(1) } else { 0 };
        self.fit(call.records);
    }

    /// Begins with one record again: whatever answers next may be another processor.
    pub(crate) fn start_again(&mut self) {
        self.current = 1;
    }

    /// Halves the size, because the processor refused a call as too much.
    pub(crate) fn overloaded(&mut self) {
        self.current = (self.current / 2).max(1);
    }

    /// The least and the most seconds that each further record has taken. `None` if the call does not say.
    #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
    fn measured(&mut self, call: Load) -> Option<(f64, f64)> {
        let (took, calls) = (call.took.as_secs_f64(), call.calls.max(1) as f64);
        if call.records == 1 && call.accepted == 1 {
            self.one_record = took;
            let least = if self.max == 1 { took / calls } else { 0.0 };
            return Some((least, took));
        }
        let further = call.accepted.checked_sub(1).filter(|further| *further > 0)?;
        if took < self.one_record {
            self.one_record = took;
            return None;
        }
        let most = (took - self.one_record) / further as f64;
        Some((most / calls, most))
    }

    /// Chooses the size after a call with so many records. Only a full call makes it larger.
    fn fit(&mut self, records: usize) {
        let target = if self.is_work() { Self::WORK_TARGET } else { Self::TARGET };
        let per_record = self.per_record.unwrap_or(0.0).max(1e-6);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "up to 500,000"
        )]
        let fitting = (target.as_secs_f64() / per_record) as usize;
        let most = if records >= self.current { records * 2 } else { self.current };
        self.current = fitting.min(most).clamp(1, self.max);
        self.single = if fitting > 1 { 0 } else { self.single + 1 };
        if self.single >= Self::SINGLE && self.one_record <= Self::TARGET.as_secs_f64() {
            self.single = 0;
            self.current = 2.min(self.max);
        }
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

    const MS: Duration = Duration::from_millis(1);

    fn load(records: usize, took: Duration, calls: usize) -> Load {
        Load { records, accepted: records, took, calls }
    }

    /// A full call to a processor that takes so long for a call, and for each of its records.
    fn call(size: &mut BatchSize, each_call: Duration, each_record: Duration) -> Duration {
        let records = size.records();
        let took = each_call + each_record * u32::try_from(records).unwrap();
        size.succeeded(load(records, took, 1));
        took
    }

    /// So many of them. Returns how long the longest took.
    fn calls(
        size: &mut BatchSize,
        count: usize,
        each_call: Duration,
        each_record: Duration,
    ) -> Duration {
        (0..count).map(|_| call(size, each_call, each_record)).max().unwrap_or_default()
    }

    #[test]
    fn a_slow_processor_gets_small_calls_and_a_fast_one_large_calls() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, MS, 10 * MS);
        assert!((8..=11).contains(&size.records()), "{}", size.records());
        assert!(size.is_busy());
        calls(&mut size, 60, MS, MS / 10);
        assert_eq!((size.records(), size.is_busy()), (500, false));
    }

    #[test]
    fn no_call_takes_more_than_a_second_from_the_first_one_on() {
        for (work, longest) in [(1, 510), (20, 200), (200, 410), (400, 810), (1000, 1010)] {
            let mut size = BatchSize::new(500);
            for n in 0..200 {
                let took = call(&mut size, 10 * MS, work * MS);
                assert!(
                    took <= longest * MS,
                    "call {n} took {took:?} with {work} ms for each record"
                );
            }
        }
    }

    #[test]
    fn an_address_without_work_has_full_calls_after_ten() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 10, 3 * MS, MS / 10);
        assert_eq!((size.records(), size.is_busy()), (500, false));
    }

    #[test]
    fn a_slow_first_call_is_soon_forgotten() {
        // The connection was made, or the processor was started for it.
        let mut size = BatchSize::new(500);
        size.succeeded(load(1, Duration::from_secs(2), 1));
        for _ in 0..60 {
            let took = call(&mut size, 5 * MS, 20 * MS);
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
        assert!((3..=7).contains(&size.records()), "{}", size.records());
    }

    #[test]
    fn calls_stay_large_if_even_a_call_with_one_record_is_slow() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, 5 * MS, MS / 10);
        size.start_again();
        // The table takes two seconds, for one row as for many.
        for _ in 0..20 {
            size.succeeded(load(size.records(), 2000 * MS, 4));
        }
        assert_eq!(size.records(), 500);
    }

    #[test]
    fn a_far_away_processor_gets_large_calls() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 60, 200 * MS, MS / 10);
        assert_eq!((size.records(), size.is_busy()), (500, false));
    }

    #[test]
    fn a_small_call_that_is_mostly_round_trip_changes_nothing() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, 3 * MS, MS / 10);
        (0..50).for_each(|_| size.succeeded(load(1, 10 * MS, 1)));
        assert_eq!(size.records(), 500);
    }

    /// Calls that wait behind each other, as in front of a Knative service, are no more work.
    #[test]
    fn calls_that_wait_for_each_other_stay_as_large_as_they_are() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, MS, 20 * MS);
        let before = size.records();
        for _ in 0..100 {
            size.succeeded(load(size.records(), 600 * MS, 50));
        }
        assert_eq!(size.records(), before);
    }

    #[test]
    fn records_that_become_more_work_make_calls_smaller() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, 3 * MS, MS / 10);
        calls(&mut size, 60, 3 * MS, 50 * MS);
        assert!(size.records() <= 3, "{}", size.records());
        assert!(size.is_busy());
    }

    #[test]
    fn rejected_records_do_not_make_calls_larger() {
        let mut size = BatchSize::new(500);
        calls(&mut size, 20, MS, 100 * MS);
        for _ in 0..50 {
            size.succeeded(Load { accepted: 0, ..load(size.records(), MS, 1) });
        }
        assert!(size.records() <= 2, "{}", size.records());
    }

    /// With one record in each call, a round trip is no work.
    #[test]
    fn calls_of_one_record_are_work_only_if_they_take_long() {
        let mut size = BatchSize::new(1);
        calls(&mut size, 20, 5 * MS, Duration::ZERO);
        assert!(!size.is_busy());
        calls(&mut size, 20, 5 * MS, 100 * MS);
        assert_eq!((size.records(), size.is_busy()), (1, true));
    }

    #[test]
    fn the_example_of_the_documentation_is_right() {
        let mut size = BatchSize::new(500);
        for (records, took, next) in [(1, 25, 2), (2, 45, 4), (4, 85, 4)] {
            size.succeeded(load(records, took * MS, 1));
            assert_eq!(size.records(), next);
        }
        size.start_again();
        assert_eq!(size.records(), 1);
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
            max in 1..500_usize,
            calls in proptest::collection::vec((0..600_usize, 0..600_usize, 0..100_000_u64, 0..300_usize), 0..100)
        ) {
            let mut size = BatchSize::new(max);
            for (records, accepted, ms, calls) in calls {
                match ms % 5 {
                    0 => size.overloaded(),
                    1 => size.start_again(),
                    _ => size.succeeded(Load { records, accepted, took: Duration::from_millis(ms), calls }),
                }
                prop_assert!((1..=max).contains(&size.records()));
                prop_assert!(size.expected(max) < Duration::from_secs(100_000));
            }
        }
    }
}

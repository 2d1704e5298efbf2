//! What each processor has done in the last two seconds, by its rows as they are read: rows per second, and how many of
//! its calls were under way on average.
//!
//! The latter follows from Little's law: calls under way = calls per second x seconds of a call. All rows of a call have
//! the same `received_at` and `stored_at`. Both are by the processor's clock, so only their difference counts.
//!
//! An example: in two seconds, rows of 40 calls were read, and each call took 500 ms. So 40 x 0.5 / 2 = 10 calls were
//! under way.
//!
//! Calls that began and ended in the same two milliseconds look like one call. That matters where messages cost time,
//! because calls then move in step. Where the cost of a message is known, it says how many calls there were: 3 rows
//! within 100 ms at 100 ms for each are 3 calls.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::table::Row;
use barrage::time::Millis;
use parking_lot::Mutex;

/// What each processor does.
#[derive(Debug, Default)]
pub(crate) struct ProcessorLoads(Mutex<BTreeMap<String, Processor>>);

/// What one of them does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Rows per second.
    pub(crate) rate: f64,
    /// The mean number of calls under way.
    pub(crate) calls: f64,
    /// When the first row of its life was read: it has paused for less than [`ProcessorLoads::LISTED`] since then.
    pub(crate) first: Millis,
    /// When its last row was read.
    pub(crate) last: Millis,
}

#[derive(Debug)]
struct Processor {
    first: Millis,
    last: Millis,
    calls: BTreeMap<Call, Rows>,
}

/// The times of a call, by the processor's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    received_at: Millis,
    stored_at: Millis,
}

#[derive(Clone, Copy, Debug)]
struct Rows {
    /// When the first of them was read.
    read_at: Millis,
    count: u64,
}

impl ProcessorLoads {
    /// The span of the means.
    const SPAN: Duration = Duration::from_secs(2);
    /// How long a processor is listed after its last row.
    pub(crate) const LISTED: Duration = Duration::from_secs(10);
    /// How many calls of a processor are told apart within the span …
    const MAX_CALLS: usize = 4096;
    /// … and how many processors.
    const MAX_PROCESSORS: usize = 256;

    /// Notes rows that were read now. Each row must be passed once.
    pub(crate) fn note(&self, rows: &[Row], now: Millis) {
        let mut processors = self.0.lock();
        for row in rows {
            if !processors.contains_key(&row.processor) {
                if processors.len() >= Self::MAX_PROCESSORS {
                    continue;
                }
                let new = Processor { first: now, last: now, calls: BTreeMap::new() };
                processors.insert(row.processor.clone(), new);
            }
            if let Some(processor) = processors.get_mut(&row.processor) {
                let call = Call { received_at: row.received_at, stored_at: row.stored_at };
                processor.note(call, now);
            }
        }
    }

    /// What each processor does that has stored a row lately. `cost` is what each message costs, where that is known.
    pub(crate) fn loads(&self, now: Millis, cost: Option<Duration>) -> BTreeMap<String, Load> {
        let mut processors = self.0.lock();
        processors.retain(|_, it| it.last.plus(Self::LISTED) > now && it.last <= now);
        let load = |(name, it): (&String, &mut Processor)| (name.clone(), it.load(now, cost));
        processors.iter_mut().map(load).collect()
    }
}

impl Processor {
    fn note(&mut self, call: Call, now: Millis) {
        self.last = now;
        let is_full = self.calls.len() >= ProcessorLoads::MAX_CALLS;
        let known = if is_full && !self.calls.contains_key(&call) {
            self.calls.values_mut().next_back() // The row counts, as one of another call.
        } else {
            Some(self.calls.entry(call).or_insert(Rows { read_at: now, count: 0 }))
        };
        if let Some(rows) = known {
            rows.count += 1;
        }
    }

    fn load(&mut self, now: Millis, cost: Option<Duration>) -> Load {
        self.calls
            .retain(|_, rows| rows.read_at.plus(ProcessorLoads::SPAN) > now && rows.read_at <= now);
        let rows: u64 = self.calls.values().map(|rows| rows.count).sum();
        let busy = |(call, rows): (&Call, &Rows)| call.count(rows.count, cost) * call.seconds();
        let busy: f64 = self.calls.iter().map(busy).sum();
        let (span, first, last) = (ProcessorLoads::SPAN.as_secs_f64(), self.first, self.last);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 rows in two seconds")]
        let rate = rows as f64 / span;
        Load { rate, calls: busy / span, first, last }
    }
}

impl Call {
    /// How long it took, at most the span: so its share of the mean is at most one call.
    fn seconds(self) -> f64 {
        let millis = self.stored_at.0.saturating_sub(self.received_at.0);
        let taken = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        taken.min(ProcessorLoads::SPAN).as_secs_f64()
    }

    /// How many calls have these times, by their rows: 1 unless the messages cost more time than one call had.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 rows in two seconds")]
    fn count(self, rows: u64, cost: Option<Duration>) -> f64 {
        let cost = cost.unwrap_or_default().as_secs_f64();
        let one_by_one = rows as f64 * cost / self.seconds().max(0.001);
        one_by_one.round().clamp(1.0, rows.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_row;

    fn row(processor: &str, received_at: i64, stored_at: i64) -> Row {
        let (received_at, stored_at) = (Millis(received_at), Millis(stored_at));
        Row { processor: processor.into(), received_at, stored_at, ..test_row::row(0, 0, "i") }
    }

    /// The load of p at 2,000 ms, whose rows were read at these times.
    fn load(rows: &[(i64, Row)], cost: Option<u64>) -> Load {
        let work = ProcessorLoads::default();
        rows.iter().for_each(|(at, row)| work.note(std::slice::from_ref(row), Millis(*at)));
        work.loads(Millis(2_000), cost.map(Duration::from_millis))["p"]
    }

    #[test]
    fn calls_under_way_are_calls_per_second_times_their_duration() {
        // 40 calls of 500 ms with two rows each, one after the other.
        let call = |n: i64| (10 + n * 40, row("p", 7_000 + n * 40, 7_500 + n * 40));
        let rows: Vec<_> = (0..40).flat_map(|n| [call(n), call(n)]).collect();
        let load = load(&rows, None);
        assert_eq!((load.rate, load.calls), (40.0, 10.0));
        assert_eq!((load.first, load.last), (Millis(10), Millis(1_570)));
    }

    #[test]
    fn calls_that_look_alike_are_told_apart_by_the_cost_of_a_message() {
        let alike = |rows: usize| vec![(1_000, row("p", 0, 100)); rows];
        let calls = |rows: usize, cost| (load(&alike(rows), cost).calls * 20.0).round();
        // Three rows at 100 ms each within 100 ms, or within a call of their own.
        assert_eq!((calls(3, None), calls(3, Some(0)), calls(3, Some(100))), (1.0, 1.0, 3.0));
        // One call has ten messages of 10 ms.
        assert_eq!(calls(10, Some(10)), 1.0);
    }

    #[test]
    fn what_is_older_than_two_seconds_does_not_count_and_a_processor_is_listed_for_ten() {
        let work = ProcessorLoads::default();
        work.note(&[row("p", 0, 1_000)], Millis(0));
        let at = |ms: i64| work.loads(Millis(ms), None).get("p").map(|it| (it.rate, it.calls));
        assert_eq!(at(1_999), Some((0.5, 0.5)));
        assert_eq!((at(2_000), at(9_999), at(10_000)), (Some((0.0, 0.0)), Some((0.0, 0.0)), None));
    }

    #[test]
    fn a_clock_that_runs_backwards_gives_no_negative_call() {
        assert_eq!(load(&[(1_000, row("p", 900, 100))], None).calls, 0.0);
    }

    #[test]
    fn the_memory_is_bounded_and_all_rows_count() {
        let work = ProcessorLoads::default();
        let rows: Vec<_> = (0..10_000).map(|n| row("p", n, n + 1)).collect();
        work.note(&rows, Millis(1));
        assert_eq!(work.0.lock()["p"].calls.len(), ProcessorLoads::MAX_CALLS);
        assert_eq!(work.loads(Millis(2), None)["p"].rate, 5_000.0);
        let strangers: Vec<_> = (0..10_000).map(|n| row(&format!("p-{n}"), 0, 1)).collect();
        work.note(&strangers, Millis(2));
        assert_eq!(work.0.lock().len(), ProcessorLoads::MAX_PROCESSORS);
    }

    proptest! {
        #[test]
        fn the_mean_is_never_negative_nor_above_the_number_of_distinct_calls(
            rows in proptest::collection::vec((0..4_000i64, -3_000..3_000i64, -500..9_000i64), 1..200),
            cost in proptest::option::of(0..600u64),
        ) {
            let row = |(at, received, took): &(i64, i64, i64)| {
                (*at, row("p", *received, received + took))
            };
            let work = ProcessorLoads::default();
            rows.iter().map(row).for_each(|(at, row)| work.note(&[row], Millis(at)));
            let cost = cost.map(Duration::from_millis);
            for now in [0, 1_000, 2_500, 4_000] {
                let Some(load) = work.loads(Millis(now), cost).get("p").copied() else { continue };
                prop_assert!(load.calls >= 0.0);
                prop_assert!(load.calls <= load.rate * ProcessorLoads::SPAN.as_secs_f64() + 1e-9);
            }
            let distinct: std::collections::BTreeSet<_> =
                rows.iter().map(|(_, received, took)| (*received, received + took)).collect();
            let again = ProcessorLoads::default();
            rows.iter().map(row).for_each(|(_, row)| again.note(&[row], Millis(0)));
            prop_assert!(again.loads(Millis(1), None)["p"].calls <= distinct.len() as f64);
        }
    }
}

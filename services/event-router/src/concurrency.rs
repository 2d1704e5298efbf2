//! How many calls an address may have at once.
//!
//! One address may hide many processors, as that of a Knative service does. Then an autoscaler counts the calls
//! that are under way and adds processors, so calls must grow while records wait. What they grow into at first is
//! only a queue, because a new processor takes seconds to start.
//!
//! [`Concurrency`] is additive increase, multiplicative decrease, as in TCP and in Netflix's concurrency-limits.
//! A gradient of the latency (Vegas, Gradient2) does not fit here: it would shrink at the first queueing, back to
//! what one processor serves, and no second one would ever start.
//!
//! | how a call ended, while records wait and all allowed calls are under way | calls allowed |
//! | --- | --- |
//! | answered in good time: within half a second, or three times what its records take | half a call more, so half as many again after each round of calls |
//! | the same, close to where it was refused in the last ten seconds | one more after each round of calls |
//! | answered later than that | as before |
//! | answered late: after more than a second, and five times what its records take | a tenth less, but not below four |
//! | refused | a tenth less, at least one |
//! | not answered, or the connection is lost | four, as at the start |
//!
//! More than four calls are allowed only where records are work ([`BatchSize::is_busy`](crate::batch::BatchSize)).
//! Where they are not, a few calls of many records cost less than many calls of few.
//!
//! An example: a Knative service with one processor that serves 10 calls at once, 100 ms each.
//!
//! | calls | each takes | then |
//! | --- | --- | --- |
//! | 4, 6, 9 | 100 ms | they grow |
//! | 30 | 300 ms, 200 of them in the queue | they grow, and the autoscaler starts more processors |
//! | 50 to 75 | 500 to 750 ms | they stay; seven processors are meant for 50 calls |
//! | 50 to 75, served by 5 processors | 100 to 150 ms | they grow again, while records wait |

use std::time::{Duration, Instant};

/// The most calls at once to one address, learnt from the calls before: 1 to its maximum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concurrency {
    limit: f64,
    max: f64,
    ceiling: Option<Ceiling>,
    /// Calls up to this number began before the last decrease, so they say nothing about what is allowed now.
    decreased_after: u64,
}

/// Above this limit calls were refused.
#[derive(Clone, Copy, Debug)]
struct Ceiling {
    limit: f64,
    since: Instant,
}

/// A call that succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The calls are numbered in the order of their starts.
    pub(crate) number: u64,
    pub(crate) took: Duration,
    /// How long its records would take if it waited for nothing.
    pub(crate) expected: Duration,
    /// Whether records wait because no more calls are allowed.
    pub(crate) is_limiting: bool,
    /// Whether its records are work, so that more processors would be of use.
    pub(crate) is_busy: bool,
}

impl Concurrency {
    /// As many calls are allowed at the start, and without work.
    pub(crate) const FEW: usize = 4;
    const GOOD_TIME: Duration = Duration::from_millis(500);
    const LATE: Duration = Duration::from_secs(1);
    /// How long a ceiling counts. Then there may be more processors.
    const CEILING: Duration = Duration::from_secs(10);

    #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
    pub(crate) fn new(max: usize) -> Self {
        let limit = Self::FEW.min(max) as f64;
        Self { limit, max: max as f64, ceiling: None, decreased_after: 0 }
    }

    /// How many calls are allowed at once.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to the maximum")]
    pub(crate) fn calls(&self) -> usize {
        self.limit as usize
    }

    /// Learns from a call that succeeded. `latest` is the number of the last call that has begun.
    pub(crate) fn answered(&mut self, answer: Answer, latest: u64, now: Instant) {
        let most = if answer.is_busy { self.max } else { self.few() };
        self.limit = self.limit.min(most);
        if answer.took > Self::LATE.max(answer.expected * 5) {
            self.decrease(answer.number, self.few(), latest);
        } else if answer.is_limiting && answer.took <= Self::GOOD_TIME.max(answer.expected * 3) {
            self.limit = (self.limit + self.step(now)).min(most);
        }
    }

    /// Learns from a call that was refused. Returns whether that was news: calls that began before the last
    /// decrease are none.
    pub(crate) fn refused(&mut self, number: u64, latest: u64, now: Instant) -> bool {
        let is_news = self.decrease(number, 1.0, latest);
        if is_news {
            self.ceiling = Some(Ceiling { limit: self.limit, since: now });
        }
        is_news
    }

    /// The address did not answer: whatever answers next may be another processor.
    pub(crate) fn start_again(&mut self) {
        self.limit = self.limit.min(self.few());
        self.ceiling = None;
    }

    #[expect(clippy::cast_precision_loss, reason = "it is 4")]
    fn few(&self) -> f64 {
        self.max.min(Self::FEW as f64)
    }

    /// How much more is allowed after a call. A round of calls is as many as are allowed.
    fn step(&mut self, now: Instant) -> f64 {
        self.ceiling = self.ceiling.filter(|it| now < it.since + Self::CEILING);
        let is_close = self.ceiling.is_some_and(|it| self.limit >= it.limit);
        if is_close { 1.0 / self.limit } else { 0.5 }
    }

    fn decrease(&mut self, number: u64, least: f64, latest: u64) -> bool {
        if number <= self.decreased_after {
            return false;
        }
        self.limit = self.limit.min((self.limit * 0.9).max(least));
        self.decreased_after = latest;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A call of 100 ms of work, while records wait.
    fn answer(number: u64, took: Duration) -> Answer {
        Answer { number, took, expected: 100 * MS, is_limiting: true, is_busy: true }
    }

    /// Ends one round of calls, which all took as long. Returns the number of the last call.
    fn round(it: &mut Concurrency, first: u64, took: Duration, now: Instant) -> u64 {
        let last = first + it.calls() as u64;
        (first..last).for_each(|number| it.answered(answer(number, took), last, now));
        last + 1
    }

    /// What a round takes if so many processors serve ten calls each, 100 ms long.
    fn queued(it: &Concurrency, processors: u32) -> Duration {
        100 * MS * u32::try_from(it.calls()).unwrap().div_ceil(10 * processors)
    }

    #[test]
    fn one_processor_behind_the_address_gets_enough_calls_that_an_autoscaler_adds_more() {
        let (mut it, mut number, now) = (Concurrency::new(256), 1, Instant::now());
        for _ in 0..100 {
            let took = queued(&it, 1);
            number = round(&mut it, number, took, now);
        }
        assert!((50..=75).contains(&it.calls()), "{}", it.calls());
        for _ in 0..100 {
            let took = queued(&it, 5);
            number = round(&mut it, number, took, now);
        }
        assert_eq!(it.calls(), 256);
    }

    #[test]
    fn it_grows_to_fifty_calls_within_ten_rounds() {
        let (mut it, mut number) = (Concurrency::new(256), 1);
        for _ in 0..10 {
            number = round(&mut it, number, 100 * MS, Instant::now());
        }
        assert!(it.calls() >= 50, "{}", it.calls());
    }

    #[test]
    fn a_round_of_refused_calls_counts_once() {
        let (mut it, now) = (Concurrency::new(100), Instant::now());
        (1..=200).for_each(|number| it.answered(answer(number, MS), 200, now));
        assert_eq!(it.calls(), 100);
        let news = (201..=300).filter(|number| it.refused(*number, 300, now)).count();
        assert_eq!((news, it.calls()), (1, 90));
        assert!(it.refused(301, 301, now));
        assert_eq!(it.calls(), 81);
    }

    #[test]
    fn close_to_where_it_was_refused_it_grows_by_one_in_a_round_for_ten_seconds() {
        let (mut it, now) = (Concurrency::new(256), Instant::now());
        (1..=100).for_each(|number| it.answered(answer(number, MS), 100, now));
        it.refused(101, 101, now);
        let before = it.calls();
        let number = round(&mut it, 102, 100 * MS, now);
        assert!(it.calls() <= before + 1);
        round(&mut it, number, 100 * MS, now + Concurrency::CEILING);
        assert!(it.calls() > before + 10);
    }

    #[test]
    fn late_calls_make_it_smaller_but_leave_the_few_calls_of_the_start() {
        let (mut it, mut number, now) = (Concurrency::new(256), 1, Instant::now());
        (1..=100).for_each(|number| it.answered(answer(number, MS), 100, now));
        number += 100;
        let before = it.calls();
        number = round(&mut it, number, 1100 * MS, now);
        assert_eq!(it.calls(), before * 9 / 10);
        for _ in 0..100 {
            number = round(&mut it, number, 1100 * MS, now);
        }
        assert_eq!(it.calls(), Concurrency::FEW);
    }

    /// The processor was started for it.
    #[test]
    fn a_late_first_call_does_not_slow_down_what_follows() {
        let (mut it, now) = (Concurrency::new(256), Instant::now());
        let mut number = round(&mut it, 1, 2000 * MS, now);
        for _ in 0..10 {
            number = round(&mut it, number, 100 * MS, now);
        }
        assert!(it.calls() >= 50, "{}", it.calls());
    }

    #[test]
    fn a_record_that_takes_seconds_is_not_late() {
        let mut it = Concurrency::new(256);
        let slow = Answer { expected: Duration::from_secs(2), ..answer(1, Duration::from_secs(5)) };
        it.answered(slow, 1, Instant::now());
        it.answered(slow, 1, Instant::now());
        assert_eq!(it.calls(), Concurrency::FEW + 1);
    }

    #[test]
    fn nothing_changes_while_no_record_waits() {
        let mut it = Concurrency::new(256);
        for number in 1..1000 {
            let idle = Answer { is_limiting: false, ..answer(number, MS) };
            it.answered(idle, number, Instant::now());
        }
        assert_eq!(it.calls(), Concurrency::FEW);
    }

    #[test]
    fn without_work_a_few_calls_stay_enough() {
        let (mut it, now) = (Concurrency::new(256), Instant::now());
        (1..=100).for_each(|number| it.answered(answer(number, MS), 100, now));
        assert!(it.calls() > Concurrency::FEW);
        it.answered(Answer { is_busy: false, ..answer(101, MS) }, 101, now);
        assert_eq!(it.calls(), Concurrency::FEW);
    }

    #[test]
    fn an_address_that_did_not_answer_starts_again() {
        let (mut it, now) = (Concurrency::new(256), Instant::now());
        (1..=100).for_each(|number| it.answered(answer(number, MS), 100, now));
        it.start_again();
        assert_eq!(it.calls(), Concurrency::FEW);
        assert_eq!(Concurrency::new(2).calls(), 2);
    }

    /// How a call ends: its latency in ms, or a refusal, or no answer.
    fn end() -> impl Strategy<Value = (u8, u64, u64, bool, bool)> {
        (0..10_u8, 0..10_000_u64, 0..3_000_u64, any::<bool>(), any::<bool>())
    }

    proptest! {
        #[test]
        fn it_stays_between_one_and_its_maximum(
            max in 1..1000_usize,
            ends in proptest::collection::vec(end(), 0..500),
        ) {
            let (mut it, start) = (Concurrency::new(max), Instant::now());
            for ((how, took, expected, is_limiting, is_busy), number) in ends.into_iter().zip(1..) {
                let now = start + Duration::from_millis(number * 100);
                let (took, expected) = (Duration::from_millis(took), Duration::from_millis(expected));
                match how {
                    0 => it.start_again(),
                    1..4 => drop(it.refused(number, number, now)),
                    _ => it.answered(Answer { number, took, expected, is_limiting, is_busy }, number, now),
                }
                prop_assert!((1..=max).contains(&it.calls()), "{}", it.calls());
            }
        }

        #[test]
        fn it_grows_under_load_and_shrinks_under_refusal(max in 2..1000_usize, rounds in 1..100_u64) {
            let (mut it, now, mut number) = (Concurrency::new(max), Instant::now(), 1);
            for _ in 0..rounds {
                let before = it.calls();
                number = round(&mut it, number, 10 * MS, now);
                prop_assert!(it.calls() > before || it.calls() == max);
            }
            for _ in 0..200 {
                number += 1;
                it.refused(number, number, now);
            }
            prop_assert_eq!(it.calls(), 1);
        }
    }
}

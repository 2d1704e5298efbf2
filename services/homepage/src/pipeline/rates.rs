//! How many messages come and are finished each second, from the totals of the last seconds.

use std::collections::VecDeque;

use barrage::time::Millis;

use crate::reader::progress::Counts;

/// The totals of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Rates(VecDeque<Sample>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: Millis,
    pub(super) accepted: u64,
    pub(super) finished: u64,
}

/// Messages per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) accepted: f64,
    pub(super) finished: f64,
}

/// One digit after the point: more only makes the answer longer. The sum of nothing is -0, which nobody wants to read.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0 + 0.0
}

impl Sample {
    pub(super) fn new(at: Millis, counts: &Counts) -> Self {
        Self { at, accepted: counts.accepted, finished: counts.finished() }
    }

    /// The rate since an earlier sample; `None` if that is not earlier.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 messages in some seconds")]
    pub(super) fn rate_since(&self, earlier: &Self) -> Option<Rate> {
        let millis = self.at.0.saturating_sub(earlier.at.0);
        let seconds = (millis > 0).then_some(millis as f64 / 1000.0)?;
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        let accepted = rate(self.accepted, earlier.accepted);
        Some(Rate { accepted, finished: rate(self.finished, earlier.finished) })
    }
}

impl Rates {
    /// How long samples are kept, in milliseconds.
    const KEPT: i64 = 8_000;

    /// Adds a sample. Totals that are lower than before have begun again, so earlier ones say nothing; neither do they
    /// after the clock was set back.
    pub(super) fn note(&mut self, sample: Sample) {
        if let Some(last) = self.0.back() {
            let is_lower = sample.accepted < last.accepted || sample.finished < last.finished;
            if is_lower || sample.at < last.at {
                self.0.clear();
            }
        }
        let is_old = |it: &Sample| it.at.0 < sample.at.0 - Self::KEPT;
        // The last one stays: after a pause of the process it says what the mean of the pause was.
        while self.0.len() > 1 && self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// Nothing is known of the totals.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn last(&self) -> Option<Sample> {
        self.0.back().copied()
    }

    /// The mean from so many milliseconds ago to so many ago. If less is known, the mean of what is.
    pub(super) fn mean(&self, from_ago: i64, to_ago: i64) -> Option<Rate> {
        let now = self.last()?.at.0;
        let at = |ago: i64| self.0.iter().rev().find(move |it| it.at.0 <= now - ago);
        at(to_ago)?.rate_since(at(from_ago).or_else(|| self.0.front())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(samples: &[(i64, u64, u64)]) -> Rates {
        let mut rates = Rates::default();
        for (at, accepted, finished) in samples {
            rates.note(Sample { at: Millis(*at), accepted: *accepted, finished: *finished });
        }
        rates
    }

    /// Four samples a second for so many seconds, at 100 accepted and 60 finished a second.
    fn steady(seconds: i64) -> Rates {
        let sample = |n: i64| (n * 250, n as u64 * 25, n as u64 * 15);
        rates(&(0..=seconds * 4).map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn a_rate_is_a_difference_of_totals_over_the_time_between_them() {
        let expected = Some(Rate { accepted: 100.0, finished: 60.0 });
        for seconds in [1, 2, 60] {
            assert_eq!(steady(seconds).mean(2_000, 0), expected, "{seconds} s");
        }
        assert_eq!(steady(60).mean(6_000, 1_000), expected);
        assert_eq!(steady(60).0.len(), 33, "older samples are gone");
    }

    #[test]
    fn a_rounded_number_has_one_digit_and_no_sign_at_zero() {
        assert_eq!(rounded(1.26).to_string(), "1.3");
        assert_eq!(rounded(-0.0).to_string(), "0");
    }

    #[test]
    fn without_two_samples_there_is_no_rate() {
        assert_eq!(rates(&[]).mean(2_000, 0), None);
        assert_eq!(rates(&[(0, 5, 5)]).mean(2_000, 0), None);
        assert_eq!(rates(&[(0, 5, 5), (0, 6, 6)]).mean(2_000, 0), None);
        assert_eq!(steady(1).mean(6_000, 2_000), None, "nothing is so old");
    }

    #[test]
    fn totals_that_begin_again_and_clocks_that_go_back_give_no_rate() {
        assert_eq!(rates(&[(0, 100, 100), (250, 1, 0)]).mean(2_000, 0), None);
        assert_eq!(rates(&[(9_000, 1, 1), (250, 2, 2)]).mean(2_000, 0), None);
    }

    #[test]
    fn after_a_pause_of_the_process_the_rate_is_the_mean_of_the_pause() {
        let rate = rates(&[(0, 0, 0), (250, 25, 25), (10_250, 1_025, 525)]).mean(2_000, 0);
        assert_eq!(rate, Some(Rate { accepted: 100.0, finished: 50.0 }));
    }
}

//! Figures of several rounds, rates without their warm-up, and what lies in the middle.

use std::time::Duration;

use tokio::time::Instant;

/// One figure, once for each round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    /// What is in the middle: of an even number of rounds, between the two there.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let (half, even) = (sorted.len() / 2, sorted.len().is_multiple_of(2));
        match (sorted.get(half), even) {
            (Some(upper), true) => f64::midpoint(sorted[half - 1], *upper),
            (Some(middle), false) => *middle,
            (None, _) => f64::NAN,
        }
    }

    /// The least and the greatest.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let end = |it: Option<&f64>| it.copied().unwrap_or(f64::NAN);
        (end(sorted.first()), end(sorted.last()))
    }

    /// Round by round, as shares of the other's.
    pub(crate) fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect()
    }

    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Rounds {
    fn from_iter<T: IntoIterator<Item = f64>>(figures: T) -> Self {
        Self(figures.into_iter().collect())
    }
}

/// What this share of all values does not exceed; no value has none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// p50 and p99.
pub(crate) fn middle_and_tail(values: &[f64]) -> [f64; 2] {
    [0.5, 0.99].map(|share| quantile(values, share))
}

/// So much for each second.
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A count that grows, from which a rate is taken without its warm-up: the first half second after the
/// first that is counted.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    first: Option<Instant>,
    from: Option<(Instant, u64)>,
    to: Option<(Instant, u64)>,
}

impl Growth {
    const WARM_UP: Duration = Duration::from_millis(500);

    /// It is so much now.
    pub(crate) fn note(&mut self, count: u64, now: Instant) {
        if count == 0 {
            return;
        }
        let first = *self.first.get_or_insert(now);
        if now.duration_since(first) >= Self::WARM_UP {
            self.from.get_or_insert((now, count));
        }
        self.to = Some((now, count));
    }

    /// For how long it was measured after its warm-up.
    pub(crate) fn lasted(&self) -> Duration {
        let (Some((from, _)), Some((to, _))) = (self.from, self.to) else { return Duration::ZERO };
        to.duration_since(from)
    }

    /// How much it has grown in a second; nothing where it has not got warm.
    pub(crate) fn rate(&self) -> Option<f64> {
        let ((_, before), (_, after)) = (self.from?, self.to?);
        let lasted = self.lasted();
        (!lasted.is_zero()).then(|| per_second(after - before, lasted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(figures: &[f64]) -> Rounds {
        figures.iter().copied().collect()
    }

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(rounds(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(rounds(&[7.0]).median(), 7.0);
        assert!(rounds(&[]).median().is_nan());
    }

    #[test]
    fn the_spread_is_from_the_least_to_the_greatest() {
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).spread(), (1.0, 3.0));
    }

    #[test]
    fn a_ratio_is_of_figures_of_the_same_round() {
        let ratios = rounds(&[10.0, 30.0]).over(&rounds(&[20.0, 40.0]));
        assert_eq!(ratios, rounds(&[0.5, 0.75]));
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(middle_and_tail(&hundred), [50.0, 99.0]);
        assert_eq!(quantile(&[5.0], 0.0), 5.0);
        assert_eq!(quantile(&[5.0], 0.99), 5.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_rate_leaves_its_warm_up_out() {
        let (mut growth, start) = (Growth::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        growth.note(0, at(0));
        growth.note(1, at(5000));
        growth.note(10, at(5400));
        assert_eq!(growth.rate(), None);
        growth.note(100, at(5500));
        assert_eq!(growth.rate(), None);
        growth.note(300, at(6500));
        growth.note(500, at(7500));
        assert_eq!(growth.rate(), Some(200.0));
        assert_eq!(growth.lasted(), Duration::from_secs(2));
    }
}

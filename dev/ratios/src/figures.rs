//! Medians, quantiles, rates without their warm-up, and how figures are printed.

use std::{fmt, time::Duration};

use indicatif::HumanCount;
use tokio::time::Instant;

/// One figure, with a value for each round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    /// The middle value; of an even number of rounds, the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let (half, even) = (sorted.len() / 2, sorted.len().is_multiple_of(2));
        match (sorted.get(half), even) {
            (Some(upper), true) => f64::midpoint(sorted[half - 1], *upper),
            (Some(middle), false) => *middle,
            (None, _) => f64::NAN,
        }
    }

    /// The lowest and the highest value.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let end = |it: Option<&f64>| it.copied().unwrap_or(f64::NAN);
        (end(sorted.first()), end(sorted.last()))
    }

    pub(crate) fn divided_by(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect()
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

/// The value that this share of all values does not exceed; NaN if there are no values.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// The p50 and the p99.
pub(crate) fn p50_and_p99(values: &[f64]) -> [f64; 2] {
    [0.5, 0.99].map(|share| quantile(values, share))
}

pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Measures how fast a count grows, without a warm-up: the first half second after the count has left 0.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    first: Option<Instant>,
    from: Option<(Instant, u64)>,
    to: Option<(Instant, u64)>,
}

impl Growth {
    const WARM_UP: Duration = Duration::from_millis(500);

    /// The count has this value now.
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

    /// How long the growth was measured, without the warm-up.
    pub(crate) fn lasted(&self) -> Duration {
        let (Some((from, _)), Some((to, _))) = (self.from, self.to) else { return Duration::ZERO };
        to.duration_since(from)
    }

    /// The growth per second; none during the warm-up.
    pub(crate) fn rate(&self) -> Option<f64> {
        let ((_, before), (_, after)) = (self.from?, self.to?);
        let lasted = self.lasted();
        (!lasted.is_zero()).then(|| per_second(after - before, lasted))
    }
}

/// Prints a figure with about three digits, and with commas from 1,000 on: 0.70, 12.3, 12,346.
pub(crate) struct Rounded(pub(crate) f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.0;
        match figure.abs() {
            small if small < 9.995 => write!(f, "{figure:.2}"),
            middling if middling < 99.95 => write!(f, "{figure:.1}"),
            large if large < 999.5 => write!(f, "{figure:.0}"),
            huge if huge.is_finite() => {
                let sign = if figure < 0.0 { "-" } else { "" };
                write!(f, "{sign}{}", HumanCount(huge.round() as u64))
            }
            _ => f.write_str("not measured"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(figures: &[f64]) -> Rounds {
        figures.iter().copied().collect()
    }

    #[test]
    fn the_median_is_the_middle_value_in_any_order() {
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(rounds(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(rounds(&[7.0]).median(), 7.0);
        assert!(rounds(&[]).median().is_nan());
    }

    #[test]
    fn the_spread_is_from_the_lowest_to_the_highest_value() {
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).spread(), (1.0, 3.0));
    }

    #[test]
    fn figures_are_divided_round_by_round() {
        let ratios = rounds(&[10.0, 30.0]).divided_by(&rounds(&[20.0, 40.0]));
        assert_eq!(ratios, rounds(&[0.5, 0.75]));
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(p50_and_p99(&hundred), [50.0, 99.0]);
        assert_eq!(quantile(&[5.0], 0.0), 5.0);
        assert_eq!(quantile(&[5.0], 0.99), 5.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_rate_does_not_count_its_warm_up() {
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

    #[test]
    fn figures_are_printed_with_about_three_digits() {
        let figures = [0.704, 9.999, 12.34, 999.4, 999.6, -12_345.6, 1_000_000.0, f64::NAN];
        let texts = figures.map(|figure| Rounded(figure).to_string());
        let expected =
            ["0.70", "10.0", "12.3", "999", "1,000", "-12,346", "1,000,000", "not measured"];
        assert_eq!(texts, expected);
    }
}

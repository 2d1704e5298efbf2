//! The lines of the charts. A value that was not measured is a gap.

use indicatif::HumanCount;
use serde::Serialize;

use crate::report::Second;

/// A name, a colour and a value for every second.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    name: String,
    colour: String,
    pub(super) values: Vec<Option<f64>>,
}

/// A line in one of the colours of the page.
pub(super) fn line(name: &str, colour: &str, values: Vec<Option<f64>>) -> Line {
    Line { name: name.into(), colour: format!("--{colour}"), values }
}

/// One value for each second.
pub(super) fn each(seconds: &[Second], of: impl Fn(&Second) -> Option<f64>) -> Vec<Option<f64>> {
    seconds.iter().map(|second| of(second).map(rounded)).collect()
}

/// The last sample of a run may come after less time than this: a rate over it says nothing.
const TOO_SHORT: f64 = 0.3;

/// Counts per second. After a gap, a count is of all the time since the last value.
pub(super) fn rate(seconds: &[Second], of: impl Fn(&Second) -> Option<u64>) -> Vec<Option<f64>> {
    let mut known = 0.0;
    let rate = |second: &Second| {
        let count = of(second)? as f64;
        let time = second.at - known;
        known = second.at;
        (time > TOO_SHORT).then(|| rounded(count / time))
    };
    seconds.iter().map(rate).collect()
}

/// Rounds to three decimals: more digits only make the file larger.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Line {
    /// Whether there is anything to draw.
    pub(super) fn has_values(&self) -> bool {
        self.values.iter().any(Option::is_some)
    }

    /// Describes it for those who cannot see it.
    pub(super) fn label(&self) -> String {
        let values: Vec<f64> = self.values.iter().copied().flatten().collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let [least, mean, most] = [least, mean, most].map(number);
        format!("{}: least {least}, mean {mean}, most {most}", self.name)
    }
}

/// A number as people read it.
pub(super) fn number(value: f64) -> String {
    if value >= 100.0 {
        HumanCount(value.round() as u64).to_string()
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_after_a_gap_is_of_the_whole_gap() {
        let second = |at, stored| Second { at, stored, ..Second::default() };
        let seconds = [
            second(1.0, Some(50)),
            second(2.0, None),
            second(4.0, Some(300)),
            second(4.01, Some(9)),
        ];
        assert_eq!(rate(&seconds, |it| it.stored), [Some(50.0), None, Some(100.0), None]);
    }
}

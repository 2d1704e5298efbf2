//! What a run is expected to reach: `--expect 'p99<200ms'`.

use std::str::FromStr;

use crate::report::{Expectation, Report};

/// An expectation of the command line.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    text: String,
    figure: &'static Figure,
    holds: Comparison,
    limit: f64,
}

type Comparison = fn(&f64, &f64) -> bool;

/// Longer signs come first, because `<=` begins with `<`.
const SIGNS: [(&str, Comparison); 5] =
    [("<=", f64::le), (">=", f64::ge), ("==", f64::eq), ("<", f64::lt), (">", f64::gt)];

/// Units of time in milliseconds.
const UNITS: [(&str, f64); 3] = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];

/// A figure of the report.
#[derive(Debug)]
struct Figure {
    name: &'static str,
    is_time: bool,
    of: Read,
}

type Read = fn(&Report) -> Option<f64>;

const fn time(name: &'static str, of: Read) -> Figure {
    Figure { name, is_time: true, of }
}

const fn number(name: &'static str, of: Read) -> Figure {
    Figure { name, is_time: false, of }
}

const FIGURES: &[Figure] = &[
    time("p50", |it| it.latency.accept.map(|it| it.p50)),
    time("p90", |it| it.latency.accept.map(|it| it.p90)),
    time("p99", |it| it.latency.accept.map(|it| it.p99)),
    time("p999", |it| it.latency.accept.map(|it| it.p999)),
    time("max", |it| it.latency.accept.map(|it| it.max)),
    time("shown_p50", |it| it.latency.shown.map(|it| it.p50)),
    time("shown_p90", |it| it.latency.shown.map(|it| it.p90)),
    time("shown_p95", |it| it.latency.shown.and_then(|it| it.p95)),
    time("shown_p99", |it| it.latency.shown.map(|it| it.p99)),
    time("shown_p999", |it| it.latency.shown.map(|it| it.p999)),
    time("shown_max", |it| it.latency.shown.map(|it| it.max)),
    time("poll_p50", |it| it.latency.poll.map(|it| it.p50)),
    time("poll_p99", |it| it.latency.poll.map(|it| it.p99)),
    time("received_p50", |it| it.latency.received.map(|it| it.p50)),
    time("received_p99", |it| it.latency.received.map(|it| it.p99)),
    number("lost", |it| Some(it.ledger.lost as f64)),
    number("twice", |it| Some(it.ledger.twice as f64)),
    number("out_of_order", |it| Some(it.ledger.out_of_order as f64)),
    number("accepted", |it| Some(it.ledger.accepted as f64)),
    number("stored", |it| Some(it.ledger.stored as f64)),
    number("blocked", |it| Some(it.ledger.blocked as f64)),
    number("without_row", |it| Some(it.ledger.without_row as f64)),
    number("expired", |it| Some(it.ledger.expired as f64)),
    number("accepted_per_s", |it| Some(it.sending.accepted_per_s)),
    number("settled_per_s", |it| Some(it.sending.settled_per_s)),
    number("refused", |it| it.audience.as_ref().map(|it| it.all_refused() as f64)),
    number("failed", |it| Some(it.failed_requests() as f64)),
];

/// An expectation that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an expectation is FIGURE, one of < <= == >= >, and a number, such as p99<200ms or lost==0; figures: {}",
    FIGURES.iter().map(|figure| figure.name).collect::<Vec<_>>().join(" ")
)]
pub(crate) struct BadExpectation;

impl FromStr for Expect {
    type Err = BadExpectation;

    fn from_str(text: &str) -> Result<Self, BadExpectation> {
        let split = SIGNS.iter().find_map(|(sign, holds)| Some((text.split_once(sign)?, *holds)));
        let ((name, value), holds) = split.ok_or(BadExpectation)?;
        let figure = FIGURES.iter().find(|figure| figure.name == name.trim());
        let figure = figure.ok_or(BadExpectation)?;
        let limit = limit(value.trim(), figure.is_time).ok_or(BadExpectation)?;
        Ok(Self { text: text.to_owned(), figure, holds, limit })
    }
}

/// A number, in milliseconds for a time, which needs a unit.
fn limit(text: &str, is_time: bool) -> Option<f64> {
    let in_unit = |(unit, factor): &(&str, f64)| Some((text.strip_suffix(unit)?, *factor));
    let (number, factor) = if is_time { UNITS.iter().find_map(in_unit)? } else { (text, 1.0) };
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

impl Expect {
    /// Whether a run meets it. A figure that was not measured does not.
    pub(crate) fn of(&self, report: &Report) -> Expectation {
        let measured = (self.figure.of)(report);
        let holds = measured.is_some_and(|measured| (self.holds)(&measured, &self.limit));
        Expectation { text: self.text.clone(), measured, holds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn holds(text: &str) -> bool {
        text.parse::<Expect>().unwrap().of(&sample::report()).holds
    }

    #[test]
    fn figures_are_compared_in_their_units() {
        // In the sample, p50 is 4 ms and p99 is 90 ms.
        for (text, expected) in [
            ("p99<200ms", true),
            ("p99 < 0.09s", false),
            ("p99<=0.09s", true),
            ("p50>3999us", true),
            ("lost==0", true),
            ("accepted>=1e9", false),
            ("shown_p95<=60ms", true),
            ("shown_p99<1s", true),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_figure_that_was_not_measured_does_not_meet_an_expectation() {
        let mut report = sample::report();
        report.latency.poll = None;
        let expectation = "poll_p99<1s".parse::<Expect>().unwrap().of(&report);
        assert_eq!((expectation.measured, expectation.holds), (None, false));
    }

    #[test]
    fn a_wrong_expectation_is_answered_with_an_example() {
        for bad in ["", "p99", "p98<1ms", "p99<", "p99<200", "lost==x", "lost==-1", "lost==NaN"] {
            let error = bad.parse::<Expect>().unwrap_err().to_string();
            assert!(error.contains("p99<200ms") && error.contains("out_of_order"), "{bad}");
        }
    }
}

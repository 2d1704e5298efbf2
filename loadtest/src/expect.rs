//! What a run is expected to reach: `--expect 'p99<200ms'`.

use std::str::FromStr;

use crate::report::{Expectation, Latency, Report};

/// An expectation of the command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expect {
    text: String,
    figure: &'static Figure,
    than: Than,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Than {
    Less,
    AtMost,
    More,
    AtLeast,
    Exactly,
}

/// Longer signs come first, because `<=` begins with `<`.
const SIGNS: [(&str, Than); 5] = [
    ("<=", Than::AtMost),
    (">=", Than::AtLeast),
    ("==", Than::Exactly),
    ("<", Than::Less),
    (">", Than::More),
];

/// Units of time in milliseconds.
const UNITS: [(&str, f64); 3] = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];

/// A figure of the report.
#[derive(Debug)]
struct Figure {
    name: &'static str,
    is_time: bool,
    of: fn(&Report) -> Option<f64>,
}

impl PartialEq for Figure {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A percentile of one of the latencies.
macro_rules! time {
    ($name:literal, $latency:ident, $percentile:ident) => {
        Figure {
            name: $name,
            is_time: true,
            of: |report| report.latency.$latency.map(|it: Latency| it.$percentile),
        }
    };
}

/// A number of the ledger, or of what was sent.
macro_rules! number {
    ($name:literal, $part:ident . $number:ident) => {
        Figure { name: $name, is_time: false, of: |report| Some(report.$part.$number as f64) }
    };
}

const FIGURES: &[Figure] = &[
    time!("p50", accept, p50),
    time!("p90", accept, p90),
    time!("p99", accept, p99),
    time!("p999", accept, p999),
    time!("max", accept, max),
    time!("shown_p50", shown, p50),
    time!("shown_p90", shown, p90),
    Figure {
        name: "shown_p95",
        is_time: true,
        of: |report| report.latency.shown.and_then(|it: Latency| it.p95),
    },
    time!("shown_p99", shown, p99),
    time!("shown_p999", shown, p999),
    time!("shown_max", shown, max),
    time!("poll_p50", poll, p50),
    time!("poll_p99", poll, p99),
    time!("received_p50", received, p50),
    time!("received_p99", received, p99),
    number!("lost", ledger.lost),
    number!("twice", ledger.twice),
    number!("out_of_order", ledger.out_of_order),
    number!("accepted", ledger.accepted),
    number!("stored", ledger.stored),
    number!("blocked", ledger.blocked),
    number!("without_row", ledger.without_row),
    number!("expired", ledger.expired),
    number!("accepted_per_s", sending.accepted_per_s),
    number!("settled_per_s", sending.settled_per_s),
    Figure {
        name: "refused",
        is_time: false,
        of: |report| report.audience.as_ref().map(|it| it.all_refused() as f64),
    },
    Figure { name: "failed", is_time: false, of: |report| Some(report.failed_requests() as f64) },
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
        let split = SIGNS.iter().find_map(|(sign, than)| Some((text.split_once(sign)?, *than)));
        let ((name, value), than) = split.ok_or(BadExpectation)?;
        let figure = FIGURES.iter().find(|figure| figure.name == name.trim());
        let figure = figure.ok_or(BadExpectation)?;
        let limit = limit(value.trim(), figure.is_time).ok_or(BadExpectation)?;
        Ok(Self { text: text.to_owned(), figure, than, limit })
    }
}

/// A number, in milliseconds for a time, which needs a unit.
fn limit(text: &str, is_time: bool) -> Option<f64> {
    let (number, factor) = if is_time {
        let unit =
            UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
        unit?
    } else {
        (text, 1.0)
    };
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

impl Expect {
    /// Whether a run meets it. A figure that was not measured does not.
    pub(crate) fn of(&self, report: &Report) -> Expectation {
        let measured = (self.figure.of)(report);
        let holds = measured.is_some_and(|measured| match self.than {
            Than::Less => measured < self.limit,
            Than::AtMost => measured <= self.limit,
            Than::More => measured > self.limit,
            Than::AtLeast => measured >= self.limit,
            Than::Exactly => measured == self.limit,
        });
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

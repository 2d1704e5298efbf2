//! The result of a measurement: figures with their aims, and notes.

use crate::{figures::Rounds, ratio::Part};

/// One line of the report's table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) part: Part,
    pub(crate) rounds: Rounds,
    /// The dividend and the divisor of a ratio.
    pub(crate) of: Option<(Rounds, Rounds)>,
}

/// The results of one measurement.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    pub(crate) lines: Vec<Finding>,
    /// Lines below the table that explain the figures.
    pub(crate) notes: Vec<String>,
}

impl Finding {
    /// A ratio, divided round by round.
    pub(crate) fn ratio(part: Part, dividend: Rounds, divisor: Rounds) -> Self {
        let rounds = dividend.divided_by(&divisor);
        Self { part, rounds, of: Some((dividend, divisor)) }
    }

    pub(crate) fn figure(part: Part, rounds: Rounds) -> Self {
        Self { part, rounds, of: None }
    }

    /// Whether the median meets the aim.
    pub(crate) fn is_met(&self) -> bool {
        self.part.aim.is_met_by(self.rounds.median())
    }
}

impl Findings {
    pub(crate) fn extend(&mut self, more: Self) {
        self.lines.extend(more.lines);
        self.notes.extend(more.notes);
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl<const N: usize> From<[Finding; N]> for Findings {
    fn from(lines: [Finding; N]) -> Self {
        Self { lines: lines.into(), notes: Vec::new() }
    }
}

//! What was found: a figure over all rounds, beside its aim.

use crate::{figures::Rounds, ratio::Part};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) part: Part,
    pub(crate) rounds: Rounds,
    /// What is divided by what.
    pub(crate) of: Option<(Rounds, Rounds)>,
}

/// What one measurement has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    pub(crate) lines: Vec<Finding>,
    /// What is worth knowing of how they came about.
    pub(crate) notes: Vec<String>,
}

impl Finding {
    /// A ratio, taken round by round.
    pub(crate) fn ratio(part: Part, above: Rounds, below: Rounds) -> Self {
        Self { part, rounds: above.over(&below), of: Some((above, below)) }
    }

    /// A figure that stands by itself.
    pub(crate) fn figure(part: Part, rounds: Rounds) -> Self {
        Self { part, rounds, of: None }
    }

    /// Whether the median reaches the aim.
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

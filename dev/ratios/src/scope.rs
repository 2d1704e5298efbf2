//! How much is measured, and which ratios.

use std::{collections::BTreeSet, fmt, path::PathBuf};

use crate::ratio::Ratio::{self, P8};

/// How many viewers P15 has: some more than are to see every tick.
pub(crate) const MOST_VIEWERS: u32 = 10_200;

/// What the user has chosen on the command line.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) rounds: u32,
    /// The length of one measurement, without its warm-up.
    pub(crate) seconds: u32,
    /// How many records wait for P8.
    pub(crate) backlog: u32,
    /// No measurement has more viewers than this.
    pub(crate) most_viewers: u32,
    /// The services of an older build, in this folder, which P7 and P16 measure by turns with these.
    pub(crate) before: Option<PathBuf>,
    /// Only these ratios; all of them if this is empty.
    pub(crate) only: BTreeSet<Ratio>,
}

impl Scope {
    /// Whether one of these ratios was chosen.
    pub(crate) fn wants(&self, ratios: &[Ratio]) -> bool {
        self.only.is_empty() || ratios.iter().any(|ratio| self.only.contains(ratio))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, seconds, backlog, most_viewers, before, .. } = self;
        write!(f, "{rounds} rounds of {seconds} s, medians")?;
        if self.wants(&[P8]) {
            write!(f, " (P8: one round of {backlog} records)")?;
        }
        if let Some(before) = before {
            write!(f, ", before: {}", before.display())?;
        }
        if *most_viewers < MOST_VIEWERS {
            write!(f, ", with at most {most_viewers} viewers")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratio::Ratio::{P1, P2, P5, P6, P13};

    #[test]
    fn all_ratios_are_wanted_unless_some_are_named() {
        let scope = |only: &[Ratio]| {
            let only = only.iter().copied().collect();
            let (most_viewers, before) = (MOST_VIEWERS, None);
            Scope { rounds: 3, seconds: 5, backlog: 1000, most_viewers, before, only }
        };
        assert!(scope(&[]).wants(&[P13]));
        assert!(scope(&[P1, P5]).wants(&[P5, P6]));
        assert!(!scope(&[P1, P5]).wants(&[P2]));
        assert!(!scope(&[P1]).to_string().contains("1000 records"));
    }

    #[test]
    fn fewer_viewers_than_usual_are_said() {
        let scope = |most_viewers| {
            let only = BTreeSet::from([P1]);
            Scope { rounds: 1, seconds: 5, backlog: 1000, most_viewers, before: None, only }
                .to_string()
        };
        assert_eq!(scope(MOST_VIEWERS), "1 rounds of 5 s, medians");
        assert_eq!(scope(50), "1 rounds of 5 s, medians, with at most 50 viewers");
    }
}

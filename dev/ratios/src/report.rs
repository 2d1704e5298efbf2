//! The report: a table in Markdown, as in `loadtest/RESULTS.md`.

use std::fmt;

use crate::{
    figures::{Rounded, Rounds},
    finding::{Finding, Findings},
    machine::Machine,
    ratio::Aim,
    scope::Scope,
};

#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) machine: Machine,
    pub(crate) findings: Findings,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}.\n", self.machine, self.scope)?;
        writeln!(f, "| | what | figures | measured (lowest–highest) | aim | met |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        self.findings.lines.iter().try_for_each(|line| write_line(f, line))?;
        if !self.findings.notes.is_empty() {
            writeln!(f)?;
        }
        self.findings.notes.iter().try_for_each(|note| writeln!(f, "- {note}"))
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, line: &Finding) -> fmt::Result {
    let Finding { part, rounds, of } = line;
    let figure = |rounds: &Rounds| format!("{}{}", Rounded(rounds.median()), part.of);
    let figures = of
        .as_ref()
        .map(|(dividend, divisor)| format!("{} ÷ {}", figure(dividend), figure(divisor)));
    let (lowest, highest) = rounds.spread();
    let measured = format!(
        "**{}{}** ({}–{})",
        Rounded(rounds.median()),
        part.unit,
        Rounded(lowest),
        Rounded(highest)
    );
    let (sign, aim) = match part.aim {
        Aim::AtLeast(least) => ('≥', least),
        Aim::AtMost(most) => ('≤', most),
    };
    let met = if line.is_met() { "yes" } else { "no" };
    let (ratio, what, unit) = (part.ratio, part.what, part.unit);
    let figures = figures.unwrap_or_default();
    writeln!(
        f,
        "| {ratio} | {what} | {figures} | {measured} | {sign} {}{unit} | {met} |",
        Rounded(aim)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ratio::{END_TO_END, IN_THE_FEED};

    #[test]
    fn a_line_has_the_figures_the_spread_and_the_aim() {
        let rounds = |figures: [f64; 3]| figures.into_iter().collect::<Rounds>();
        let (dividend, divisor) = (rounds([3000.0, 4000.0, 4500.0]), rounds([6000.0; 3]));
        let (whole, feed) = (
            Finding::ratio(END_TO_END, dividend, divisor),
            Finding::figure(IN_THE_FEED[0], rounds([30.25, 33.0, 39.0])),
        );
        let mut findings = Findings::from([whole, feed]);
        findings.note("nothing else ran");
        let scope = Scope {
            rounds: 3,
            seconds: 5,
            backlog: 1000,
            most_viewers: crate::scope::MOST_VIEWERS,
            before: None,
            only: BTreeSet::new(),
        };
        let machine = Machine::default();
        let report = Report { scope: &scope, machine, findings }.to_string();
        let (_, table) = report.split_once("\n\n").unwrap();
        let expected = "\
| | what | figures | measured (lowest–highest) | aim | met |
| --- | --- | --- | --- | --- | --- |
| P1 | end-to-end ÷ bare pipeline | 4,000/s ÷ 6,000/s | **0.67** (0.50–0.75) | ≥ 0.70 | no |
| P6 | send → received, p50 |  | **33.0 ms** (30.2–39.0) | ≤ 45.0 ms | yes |

- nothing else ran
";
        assert_eq!(table, expected);
    }
}

//! The report: a table in Markdown, as `loadtest/RESULTS.md` has it.

use std::fmt;

use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    machine::Machine,
    ratio::Aim,
    scope::Scope,
};

/// Shows what was found, and where.
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
    let figure = |rounds: &Rounds| format!("{}{}", Short(rounds.median()), part.of);
    let figures =
        of.as_ref().map(|(above, below)| format!("{} ÷ {}", figure(above), figure(below)));
    let (lowest, highest) = rounds.spread();
    let measured = format!(
        "**{}{}** ({}–{})",
        Short(rounds.median()),
        part.unit,
        Short(lowest),
        Short(highest)
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
        "| {ratio:?} | {what} | {figures} | {measured} | {sign} {}{unit} | {met} |",
        Short(aim)
    )
}

/// A figure with about three digits, and thousands set apart.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.0;
        match figure.abs() {
            small if small < 9.995 => write!(f, "{figure:.2}"),
            middling if middling < 99.95 => write!(f, "{figure:.1}"),
            large if large < 999.5 => write!(f, "{figure:.0}"),
            huge if huge.is_finite() => {
                let whole = figure.round() as i64;
                let (thousands, rest) = (whole / 1000, (whole % 1000).abs());
                write!(f, "{},{rest:03}", Short::whole(thousands))
            }
            _ => f.write_str("not measured"),
        }
    }
}

impl Short {
    fn whole(number: i64) -> String {
        if number.abs() < 1000 {
            return number.to_string();
        }
        format!("{},{:03}", Self::whole(number / 1000), (number % 1000).abs())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ratio::{IN_THE_FEED, WHOLE_WAY};

    #[test]
    fn each_ratio_has_its_figures_its_spread_and_its_aim() {
        let rounds = |figures: [f64; 3]| figures.into_iter().collect::<Rounds>();
        let (above, below) = (rounds([3000.0, 4000.0, 4500.0]), rounds([6000.0; 3]));
        let (whole, feed) = (
            Finding::ratio(WHOLE_WAY, above, below),
            Finding::figure(IN_THE_FEED[0], rounds([30.25, 33.0, 39.0])),
        );
        let mut findings = Findings::from([whole, feed]);
        findings.note("nothing else ran");
        let scope = Scope { rounds: 3, seconds: 5, backlog: 1000, only: BTreeSet::new() };
        let machine = Machine::default();
        let report = Report { scope: &scope, machine, findings }.to_string();
        let (_, table) = report.split_once("\n\n").unwrap();
        let expected = "\
| | what | figures | measured (lowest–highest) | aim | met |
| --- | --- | --- | --- | --- | --- |
| P1 | end-to-end ÷ bare pipeline | 4,000/s ÷ 6,000/s | **0.67** (0.50–0.75) | ≥ 0.70 | no |
| P6 | send → in the feed, p50 |  | **33.0 ms** (30.2–39.0) | ≤ 40.0 ms | yes |

- nothing else ran
";
        assert_eq!(table, expected);
    }

    #[test]
    fn figures_are_as_exact_as_they_can_be_read() {
        let figures = [0.704, 9.999, 12.34, 999.4, 999.6, 12_345.6, 1_000_000.0, f64::NAN];
        let texts = figures.map(|figure| Short(figure).to_string());
        let expected =
            ["0.70", "10.0", "12.3", "999", "1,000", "12,346", "1,000,000", "not measured"];
        assert_eq!(texts, expected);
    }
}

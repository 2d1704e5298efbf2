//! What processes have cost: their CPU time, for so many messages or as a share of a core.

use stack::usage::Usage;

use crate::{
    figures::{Rounded, Rounds},
    finding::{Finding, Findings},
    ratio::Part,
    stacks::SERVICES,
};

/// The cost of each process during one measurement, by name.
#[derive(Debug, Default)]
pub(crate) struct Cpu(Vec<(String, f64)>);

impl Cpu {
    /// The seconds between two readings of the same processes, times this.
    pub(crate) fn between(before: Vec<Usage>, after: Vec<Usage>, times: f64) -> Self {
        let used = |(before, after): (Usage, Usage)| {
            (after.name, after.cpu.saturating_sub(before.cpu).as_secs_f64() * times)
        };
        Self(before.into_iter().zip(after).map(used).collect())
    }

    /// These processes together.
    pub(crate) fn of(&self, names: &[&str]) -> f64 {
        let named = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        named.map(|(_, cost)| cost).sum()
    }
}

/// What all services together cost, and in notes what each process did. With an older build, also the ratio to it.
pub(crate) fn findings(part: Part, now: &[Cpu], before: &[Cpu]) -> Findings {
    let services = |runs: &[Cpu]| runs.iter().map(|run| run.of(&SERVICES)).collect::<Rounds>();
    let mut findings = Findings::from([Finding::figure(part, services(now))]);
    findings.note(format!("{}: {}", part.ratio, each(now, part.unit)));
    if !before.is_empty() {
        let ratio = Finding::ratio(part.before_and_now(), services(before), services(now));
        findings.lines.push(ratio);
        findings.note(format!("{}, before: {}", part.ratio, each(before, part.unit)));
    }
    findings
}

/// The median of each process.
fn each(runs: &[Cpu], unit: &str) -> String {
    let names = runs.first().into_iter().flat_map(|run| &run.0).map(|(name, _)| name.as_str());
    let cost = |name| {
        let rounds: Rounds = runs.iter().map(|run| run.of(&[name])).collect();
        format!("{name} {}{unit}", Rounded(rounds.median()))
    };
    names.map(cost).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ratio::CPU;

    fn readings(seconds: [u64; 3]) -> Vec<Usage> {
        let names = ["broker", "homepage", "event-router"];
        let usage = |(name, seconds): (&str, u64)| Usage {
            name: name.into(),
            cpu: Duration::from_secs(seconds),
            peak_kib: 0,
            now_kib: 0,
        };
        names.into_iter().zip(seconds).map(usage).collect()
    }

    /// A run of 20,000 messages that cost so much.
    fn run(seconds: [u64; 3]) -> Cpu {
        Cpu::between(readings([1; 3]), readings(seconds.map(|it| it + 1)), 5.0)
    }

    #[test]
    fn the_services_cost_what_they_used_between_two_readings() {
        let findings = findings(CPU, &[run([9, 3, 1])], &[]);
        assert_eq!(findings.lines[0].rounds.median(), 20.0);
        assert_eq!(findings.notes, ["P7: broker 45.0 s, homepage 15.0 s, event-router 5.00 s"]);
    }

    #[test]
    fn an_older_build_that_cost_twice_as_much_has_the_ratio_two() {
        let [now, before] = [[9, 3, 1], [9, 5, 3]].map(|seconds| [run(seconds)]);
        let findings = findings(CPU, &now, &before);
        assert_eq!(findings.lines[1].rounds.median(), 2.0);
        assert!(findings.lines[1].is_met());
        assert_eq!(findings.notes.len(), 2);
    }
}

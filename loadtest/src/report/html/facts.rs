//! What a run was asked for, and where it was measured, as people read it.

use indicatif::{HumanBytes, HumanCount};

use crate::report::{Mode, Report, Stage};

/// A name and a value.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// What was asked for.
pub(super) fn asked(report: &Report) -> Vec<Fact> {
    let plan = &report.plan;
    let stages: Vec<_> = plan.stages.iter().map(stage).collect();
    let mode = |mode: &Mode| match mode {
        Mode::Messages => "single messages",
        Mode::Bursts => "bursts",
    };
    let modes: Vec<_> = plan.modes.iter().map(mode).collect();
    let modes = if modes.is_empty() { "viewers alone".into() } else { modes.join(" and ") };
    let viewers = report.viewers.as_ref().map(|it| {
        let [count, bullets, passed] = [it.count.into(), it.bullets, it.passed].map(HumanCount);
        format!("{count}, who got {bullets} of {passed} bullets in {}", HumanBytes(it.bytes))
    });
    [
        ("sent", modes),
        ("stages", stages.join(", then ")),
        ("in flight", format!("{} messages at the most", HumanCount(plan.in_flight.into()))),
        ("viewers", viewers.unwrap_or_else(|| "none".into())),
        ("time to settle", format!("{} s", plan.settle_s)),
    ]
    .map(|(name, value)| Fact { name, value })
    .into()
}

fn stage(Stage { from, to, seconds }: &Stage) -> String {
    match (from, to) {
        (0, 0) => format!("rest for {seconds} s"),
        (from, to) if from == to => format!("{from}/s for {seconds} s"),
        (from, to) => format!("{from} to {to}/s in {seconds} s"),
    }
}

/// Where it was measured.
pub(super) fn place(report: &Report) -> Vec<Fact> {
    let here = &report.environment;
    let local = if here.local { "on this machine too" } else { "elsewhere, or not known where" };
    let memory =
        here.memory_mib.map_or("not known".into(), |mib| HumanBytes(mib << 20).to_string());
    [
        ("system", here.system.clone()),
        ("processor", here.cpu.clone().unwrap_or_else(|| "not known".into())),
        ("cores", here.cores.to_string()),
        ("memory", memory),
        ("barrage runs", local.into()),
        ("load tester", here.version.clone()),
    ]
    .map(|(name, value)| Fact { name, value })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_told_as_what_they_are() {
        let told = ["500:30", "0-2000:60", "0:10"].map(|text| stage(&text.parse().unwrap()));
        assert_eq!(told, ["500/s for 30 s", "0 to 2000/s in 60 s", "rest for 10 s"]);
    }
}

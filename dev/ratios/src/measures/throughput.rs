//! P1, P7 and P11: end-to-end flat out, its CPU time and memory, compared with the bare pipeline.

use std::{io, time::Duration};

use stack::{
    Setup, Stack,
    usage::{self, Usage},
};

use crate::{
    figures::{Rounds, per_second},
    finding::{Finding, Findings},
    load::{Done, Load},
    ratio::{CPU, END_TO_END, MEMORY, Ratio::P1},
    raw::pipeline,
    scope::Scope,
    stacks::{self, SERVICES},
};

/// The warm-up: this many messages per second, for one second.
const WARM_UP: u32 = 1000;

/// CPU times are per this many messages.
const MESSAGES: f64 = 100_000.0;

/// The findings, and the peak from which other measures derive their loads.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) findings: Findings,
    pub(crate) peak: f64,
}

/// One run of the whole pipeline.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) done: Done,
    /// The CPU time of each process, by name.
    cpu: Vec<(String, Duration)>,
    /// The highest memory of each service, in MB.
    memory: [f64; 3],
}

impl Run {
    /// Messages per second from the first send to the last row.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.done.stored, self.done.storing)
    }

    /// CPU seconds of these processes for 100,000 messages.
    fn cpu_of(&self, names: &[&str]) -> f64 {
        let named = self.cpu.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let cpu: f64 = named.map(|(_, cpu)| cpu.as_secs_f64()).sum();
        cpu * MESSAGES / self.done.stored as f64
    }
}

/// Sends flat out through a fresh stack until the last row is stored.
pub(crate) async fn flat_out(setup: Setup, seconds: u32) -> anyhow::Result<Run> {
    let stack = setup.start().await;
    Load::at_rate(WARM_UP, 1).run(stack.homepage()).await?;
    let before = usage::of(&stack)?;
    let done = Load::flat_out(seconds).run(stack.homepage()).await?;
    let after = usage::of(&stack)?;
    let used = |(before, after): (Usage, Usage)| (after.name, after.cpu.saturating_sub(before.cpu));
    let memory = memory(&stack)?;
    Ok(Run { done, cpu: before.into_iter().zip(after).map(used).collect(), memory })
}

fn memory(stack: &Stack) -> io::Result<[f64; 3]> {
    let mut memory = [0.0; 3];
    for (highest, service) in memory.iter_mut().zip(SERVICES) {
        *highest = usage::of_process(stack, service)?.peak_kib as f64 * 1024.0 / 1e6;
    }
    Ok(memory)
}

/// Measures the peak if P1 was not chosen.
pub(crate) async fn peak(scope: &Scope) -> anyhow::Result<f64> {
    eprintln!("the peak: sending flat out …");
    Ok(flat_out(stacks::whole(), scope.seconds).await?.rate())
}

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Found> {
    let (mut runs, mut bare) = (Vec::new(), Rounds::default());
    for round in 1..=scope.rounds {
        eprintln!("P1, P7, P11, round {round}: sending flat out …");
        let run = flat_out(stacks::whole(), scope.seconds).await?;
        eprintln!("  {:.0} messages per second", run.rate());
        if scope.wants(&[P1]) {
            eprintln!("P1, round {round}: the bare pipeline …");
            let rate = pipeline::run(&stacks::bare().await, run.done.sending).await?;
            eprintln!("  {rate:.0} messages per second");
            bare.push(rate);
        }
        runs.push(run);
    }
    let rates: Rounds = runs.iter().map(Run::rate).collect();
    let peak = rates.median();
    let cpu = runs.iter().map(|run| run.cpu_of(&SERVICES)).collect();
    let mut findings =
        Findings::from([Finding::ratio(END_TO_END, rates, bare), Finding::figure(CPU, cpu)]);
    for (n, part) in MEMORY.into_iter().enumerate() {
        let memory = runs.iter().map(|run| run.memory[n]).collect();
        findings.lines.push(Finding::figure(part, memory));
    }
    findings.note(format!("P7: {}", costs(&runs)));
    Ok(Found { findings, peak })
}

/// The CPU time of each process for 100,000 messages.
fn costs(runs: &[Run]) -> String {
    let names = runs.iter().flat_map(|run| &run.cpu).map(|(name, _)| name.as_str());
    let mut each: Vec<_> = Vec::new();
    for name in names {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    let cost = |name: &&str| {
        let rounds: Rounds = runs.iter().map(|run| run.cpu_of(&[name])).collect();
        format!("{name} {:.1} s", rounds.median())
    };
    each.iter().map(cost).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_a_rate_and_costs_for_100_000_messages() {
        let seconds = Duration::from_secs;
        let done = Done { stored: 20_000, sending: seconds(4), storing: seconds(5) };
        let cpu = [("broker", 9), ("homepage", 3), ("event-router", 1)];
        let cpu = cpu.map(|(name, busy)| (name.to_owned(), seconds(busy)));
        let run = Run { done, cpu: cpu.into(), memory: [0.0; 3] };
        assert_eq!(run.rate(), 4000.0);
        assert_eq!(run.cpu_of(&SERVICES), 20.0);
        assert_eq!(costs(&[run]), "broker 45.0 s, homepage 15.0 s, event-router 5.0 s");
    }
}

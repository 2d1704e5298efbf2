//! P1, P7 and P11: end-to-end flat out, its CPU time and memory, compared with the bare pipeline.

use std::io;

use stack::{Setup, Stack, usage};

use crate::{
    cpu::{self, Cpu},
    figures::{Rounds, per_second},
    finding::{Finding, Findings},
    load::{Done, Load},
    ratio::{
        CPU, END_TO_END, MEMORY,
        Ratio::{P1, P7},
    },
    raw::pipeline,
    scope::Scope,
    stacks::{self, SERVICES},
};

/// The warm-up: this many messages per second, for one second.
const WARM_UP: u32 = 1000;

/// CPU times are per this many messages.
pub(crate) const MESSAGES: f64 = 100_000.0;

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
    /// For [`MESSAGES`] messages, in seconds.
    cpu: Cpu,
    /// The highest memory of each service, in MB.
    memory: [f64; 3],
}

impl Run {
    /// Messages per second from the first send to the last row.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.done.stored, self.done.storing)
    }
}

/// Sends flat out through a fresh stack until the last row is stored.
pub(crate) async fn flat_out(setup: Setup, seconds: u32) -> anyhow::Result<Run> {
    let stack = setup.start().await;
    Load::at_rate(WARM_UP, 1).run(stack.homepage()).await?;
    let before = usage::of(&stack)?;
    let done = Load::flat_out(seconds).run(stack.homepage()).await?;
    let after = usage::of(&stack)?;
    let cpu = Cpu::between(before, after, MESSAGES / done.stored as f64);
    Ok(Run { done, cpu, memory: memory(&stack)? })
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
    let (mut runs, mut before, mut bare) = (Vec::new(), Vec::new(), Rounds::default());
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
        if let Some(setup) = stacks::before(scope).filter(|_| scope.wants(&[P7])) {
            eprintln!("P7, round {round}: the build of before …");
            before.push(flat_out(setup, scope.seconds).await?.cpu);
        }
    }
    let rates: Rounds = runs.iter().map(Run::rate).collect();
    let peak = rates.median();
    let mut findings = Findings::from([Finding::ratio(END_TO_END, rates, bare)]);
    for (n, part) in MEMORY.into_iter().enumerate() {
        let memory = runs.iter().map(|run| run.memory[n]).collect();
        findings.lines.push(Finding::figure(part, memory));
    }
    let now: Vec<_> = runs.into_iter().map(|run| run.cpu).collect();
    findings.extend(cpu::findings(CPU, &now, &before));
    Ok(Found { findings, peak })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_runs_rate_counts_until_the_last_row() {
        let seconds = Duration::from_secs;
        let done = Done { stored: 20_000, sending: seconds(4), storing: seconds(5) };
        let run = Run { done, cpu: Cpu::default(), memory: [0.0; 3] };
        assert_eq!(run.rate(), 4000.0);
    }
}

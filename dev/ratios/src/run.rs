//! What of it is measured, in which order.

use std::{collections::BTreeSet, fmt};

use crate::{
    backlog,
    finding::Findings,
    latency,
    machine::Machine,
    overload, polls,
    ratio::Ratio::{self, P1, P2, P3, P4, P5, P6, P7, P8, P9, P11, P12, P13},
    report::Report,
    routing, sending, throughput, traced,
};

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) rounds: u32,
    pub(crate) seconds: u32,
    pub(crate) backlog: u32,
    /// Nothing means all.
    pub(crate) only: BTreeSet<Ratio>,
}

impl Scope {
    /// Whether one of these is wanted.
    pub(crate) fn wants(&self, ratios: &[Ratio]) -> bool {
        self.only.is_empty() || ratios.iter().any(|ratio| self.only.contains(ratio))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, seconds, backlog, .. } = self;
        write!(f, "{rounds} rounds of {seconds} s, medians")?;
        if self.wants(&[P8]) {
            write!(f, " (P8: one round of {backlog} records)")?;
        }
        Ok(())
    }
}

/// Measures what is wanted.
///
/// # Errors
/// When a part of a stack does not do what it should.
pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Report<'_>> {
    let mut findings = Findings::default();
    let mut peak = None;
    if scope.wants(&[P1, P7, P11]) {
        let found = throughput::measure(scope).await?;
        peak = Some(found.peak);
        findings.extend(found.findings);
    }
    if scope.wants(&[P2]) {
        findings.extend(sending::measure(scope).await?);
    }
    if scope.wants(&[P3, P4]) {
        findings.extend(routing::measure(scope).await?);
    }
    if scope.wants(&[P5, P6, P12]) && peak.is_none() {
        peak = Some(throughput::peak(scope).await?);
    }
    if let Some(peak) = peak {
        if scope.wants(&[P5, P6]) {
            findings.extend(latency::measure(scope, peak).await?);
        }
        if scope.wants(&[P12]) {
            findings.extend(overload::measure(scope, peak).await?);
        }
    }
    if scope.wants(&[P9]) {
        findings.extend(polls::measure(scope).await?);
    }
    if scope.wants(&[P13]) {
        findings.extend(traced::measure(scope).await?);
    }
    if scope.wants(&[P8]) {
        findings.extend(backlog::measure(scope).await?);
    }
    findings.lines.retain(|line| scope.wants(&[line.part.ratio]));
    findings.lines.sort_by_key(|line| line.part.ratio);
    Ok(Report { scope, machine: Machine::here(), findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_wanted_unless_something_is_named() {
        let scope = |only: &[Ratio]| {
            let only = only.iter().copied().collect();
            Scope { rounds: 3, seconds: 5, backlog: 1000, only }
        };
        assert!(scope(&[]).wants(&[P13]));
        assert!(scope(&[P1, P5]).wants(&[P5, P6]));
        assert!(!scope(&[P1, P5]).wants(&[P2]));
        assert!(!scope(&[P1]).to_string().contains("1000 records"));
    }
}

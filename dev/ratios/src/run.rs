//! Runs the chosen measurements, in the order that lets later ones use what earlier ones have found.

use crate::{
    finding::Findings,
    machine::Machine,
    measures::{backlog, latency, overload, polls, routing, sending, throughput, tracing},
    ratio::Ratio::{P1, P2, P3, P4, P5, P6, P7, P8, P9, P11, P12, P13},
    report::Report,
    scope::Scope,
};

/// Measures what the scope asks for. Fails if a part of a stack does not do what it should.
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
        findings.extend(tracing::measure(scope).await?);
    }
    if scope.wants(&[P8]) {
        findings.extend(backlog::measure(scope).await?);
    }
    findings.lines.retain(|line| scope.wants(&[line.part.ratio]));
    findings.lines.sort_by_key(|line| line.part.ratio);
    Ok(Report { scope, machine: Machine::here(), findings })
}

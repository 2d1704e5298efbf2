//! Runs the chosen measurements, in the order that lets later ones use what earlier ones have found.

use client::connections;

use crate::{
    finding::Findings,
    machine::Machine,
    measures::{
        answers, backlog, latency, overload, paced, routing, sending, throughput, ticks, tracing,
    },
    ratio::Ratio::{P1, P2, P3, P4, P5, P6, P7, P8, P9, P9b, P10, P11, P12, P13, P15},
    report::Report,
    scope::Scope,
};

/// Makes room for the connections of the viewers. The homepage of a stack inherits the limit.
pub(crate) fn allow_viewers(scope: &Scope) -> Result<(), connections::Error> {
    let viewers = if scope.wants(&[P15]) { scope.most_viewers } else { answers::viewers(scope)[1] };
    let has_viewers = scope.wants(&[P9, P9b, P10, P15]);
    if has_viewers { connections::allow(viewers.into()) } else { Ok(()) }
}

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
    findings.extend(paced::measure(scope).await?);
    measure_viewers(scope, &mut findings).await?;
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

async fn measure_viewers(scope: &Scope, findings: &mut Findings) -> anyhow::Result<()> {
    if scope.wants(&[P9, P9b, P10]) {
        findings.extend(answers::measure(scope).await?);
    }
    if scope.wants(&[P15]) {
        findings.extend(ticks::measure(scope).await?);
    }
    Ok(())
}

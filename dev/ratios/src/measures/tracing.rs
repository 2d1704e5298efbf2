//! P13: end-to-end with traces, compared with end-to-end without.

use anyhow::ensure;
use faults::collector::ExportCounter;

use super::throughput::flat_out;
use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    ratio::TRACED,
    scope::Scope,
    stacks::{self, SERVICES},
};

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let collector = ExportCounter::start().await?;
    let (mut on, mut off) = (Rounds::default(), Rounds::default());
    for round in 1..=scope.rounds {
        eprintln!("P13, round {round}: with traces …");
        let url = collector.serving.url();
        let traced = SERVICES
            .iter()
            .fold(stacks::whole(), |setup, service| setup.var(service, "TRACING", &url));
        on.push(flat_out(traced, scope.seconds).await?.rate());
        eprintln!("P13, round {round}: without traces …");
        off.push(flat_out(stacks::whole(), scope.seconds).await?.rate());
    }
    ensure!(collector.exports() > 0, "no service has exported a span");
    Ok([Finding::ratio(TRACED, on, off)].into())
}

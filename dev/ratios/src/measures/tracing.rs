//! P13: end-to-end with traces, compared with end-to-end without.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::ensure;
use axum::{Router, body::Bytes, extract::State, routing::post};
use tokio::net::TcpListener;

use super::throughput::flat_out;
use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    ratio::TRACED,
    scope::Scope,
    stacks::{self, SERVICES},
};

/// The bytes of spans that were exported.
type Received = Arc<AtomicU64>;

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let (address, received) = collector().await?;
    let (mut on, mut off) = (Rounds::default(), Rounds::default());
    for round in 1..=scope.rounds {
        eprintln!("P13, round {round}: with traces …");
        let url = format!("http://{address}");
        let traced = SERVICES
            .iter()
            .fold(stacks::whole(), |setup, service| setup.var(service, "TRACING", &url));
        on.push(flat_out(traced, scope.seconds).await?.rate());
        eprintln!("P13, round {round}: without traces …");
        off.push(flat_out(stacks::whole(), scope.seconds).await?.rate());
    }
    ensure!(received.load(Ordering::Relaxed) > 0, "no service has exported a span");
    Ok([Finding::ratio(TRACED, on, off)].into())
}

/// A collector that accepts all spans and only counts their bytes.
async fn collector() -> anyhow::Result<(SocketAddr, Received)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, received) = (listener.local_addr()?, Received::default());
    let router = Router::new().route("/v1/traces", post(count)).with_state(received.clone());
    // This task runs as long as the program.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, received))
}

async fn count(State(received): State<Received>, spans: Bytes) {
    received.fetch_add(spans.len() as u64, Ordering::Relaxed);
}

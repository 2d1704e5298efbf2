//! P13: the whole way while traces are exported, beside the same without.

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

/// How many bytes of spans have arrived.
type Arrived = Arc<AtomicU64>;

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let (address, arrived) = collector().await?;
    let (mut on, mut off) = (Rounds::default(), Rounds::default());
    for round in 1..=scope.rounds {
        eprintln!("P13, round {round}: tracing …");
        let url = format!("http://{address}");
        let traced = SERVICES
            .iter()
            .fold(stacks::whole(), |setup, service| setup.var(service, "TRACING", &url));
        on.push(flat_out(traced, scope.seconds).await?.rate());
        eprintln!("P13, round {round}: not tracing …");
        off.push(flat_out(stacks::whole(), scope.seconds).await?.rate());
    }
    ensure!(arrived.load(Ordering::Relaxed) > 0, "no service has exported a span");
    Ok([Finding::ratio(TRACED, on, off)].into())
}

/// A collector that takes all spans, and does nothing with them.
async fn collector() -> anyhow::Result<(SocketAddr, Arrived)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, arrived) = (listener.local_addr()?, Arrived::default());
    let takes_all = Router::new().route("/v1/traces", post(take)).with_state(arrived.clone());
    // It ends with the program.
    tokio::spawn(async move { axum::serve(listener, takes_all).await });
    Ok((address, arrived))
}

async fn take(State(arrived): State<Arrived>, spans: Bytes) {
    arrived.fetch_add(spans.len() as u64, Ordering::Relaxed);
}

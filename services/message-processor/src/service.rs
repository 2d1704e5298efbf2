//! The running message processor.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use barrage::config::Listen;
use barrage::health::{Probe, Readiness};
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::{self, Flush, Metrics, Tracers};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::call::Calls;
use crate::config::Config;
use crate::health;
use crate::metrics;
use crate::processor::Processor;
use crate::router::router;

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Its address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Its traces cannot be exported.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

/// The server died.
#[derive(Debug, thiserror::Error)]
#[error("the server died")]
pub struct RunError(#[from] tonic::transport::Error);

/// A message processor that has its port. The table may be away.
#[derive(Debug)]
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    metrics: Metrics,
    table: Table,
    table_create: bool,
    probe: Probe,
    readiness: Readiness,
    reporter: HealthReporter,
    grace: Duration,
    flush: Flush,
}

impl Service {
    /// How much of the grace period is kept for exporting the last spans.
    const FLUSH: Duration = Duration::from_secs(2);

    /// Opens the port and makes the clients.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn bind(config: Config, metrics: Metrics) -> Result<Self, BindError> {
        let Listen { address, instance, grace } = config.listen;
        let listen = |source| BindError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        metrics::describe();

        let mut tracers = Tracers::new(&config.telemetry, instance.as_str());
        let tracer = tracers.tracer(&config.trace_name)?;
        let table = Table::new(&config.table);
        let readiness = Readiness::default();
        let probe = readiness.dependency("table");
        let (reporter, grpc_health) = health_reporter();
        health::set(&reporter, false).await;

        let processor = Processor {
            table: table.clone(),
            ttl: config.table.ttl,
            tracer,
            instance,
            blocked: config.blocked,
            work: config.work,
        };
        let calls = Arc::new(Calls::new(processor, config.concurrency));
        Ok(Self {
            listener,
            address,
            router: router(calls, config.topic, grpc_health, readiness.clone(), metrics.clone()),
            metrics,
            table,
            table_create: config.table_create,
            probe,
            readiness,
            reporter,
            grace,
            flush: tracers.into_flush(),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop`, then finishes the calls in flight.
    ///
    /// # Errors
    /// It died, and was not told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        // Cancelled by `stop`, or when the server dies.
        let stop = stop.child_token();
        let drain = self.grace.saturating_sub(Self::FLUSH).max(self.grace / 2);
        let (served, (), (), ()) = tokio::join!(
            serve(self.listener, self.router, drain, stop.clone()),
            self.table.watch(self.table_create, self.probe, stop.clone()),
            self.metrics.run_upkeep(stop.clone()),
            health::announce(self.readiness, self.reporter, stop),
        );
        self.flush.flush().await;
        served
    }
}

async fn serve(
    listener: TcpListener,
    router: Router,
    drain: Duration,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let _others_end_too = stop.clone().drop_guard();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .accept_http1(true)
        .add_routes(router.into())
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        pause(drain).await;
    };
    tokio::select! {
        served = server => Ok(served?),
        () = patience => {
            tracing::warn!("calls were still in flight after {drain:?}; their callers send them again");
            Ok(())
        }
    }
}

//! The running message processor: it binds its port, serves everything on it, and drains when it must stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use barrage::config::Listen;
use barrage::health::{self, Probe, Readiness};
use barrage::position::Topic;
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::{self, Flush, Metrics, Tracers};
use proto::message_processor_server::MessageProcessorServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::{HealthReporter, health_reporter};

use crate::calls::Calls;
use crate::cloudevents;
use crate::config::Config;
use crate::grpc::Grpc;
use crate::grpc_health;
use crate::grpc_reflection;
use crate::metrics;
use crate::processor::Processor;
use crate::simulated_work::{self, Work};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

/// The server died. Being told to stop is no error.
#[derive(Debug, thiserror::Error)]
#[error("the server died")]
pub struct RunError(#[from] tonic::transport::Error);

/// A message processor that has its port. The table may still be away.
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
    /// The part of the grace period that is left for exporting the last spans.
    const FLUSH: Duration = Duration::from_secs(2);

    /// Opens the port and creates the clients, without waiting for the table.
    ///
    /// # Errors
    /// If the port cannot be opened or the exporter of traces cannot be created.
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
        let (reporter, health_server) = health_reporter();
        grpc_health::set(&reporter, false).await;

        let work = Work::new(config.work_ms);
        let controls = config.demo_controls.then(|| simulated_work::route(work.clone()));
        let processor = Processor {
            table: table.clone(),
            ttl: config.table.ttl,
            tracer,
            instance,
            blocked: config.blocked,
            work,
        };
        let calls = Arc::new(Calls::new(processor, config.concurrency));
        let router = router(calls, config.topic, health_server, readiness.clone(), metrics.clone());
        Ok(Self {
            listener,
            address,
            router: router.merge(controls.unwrap_or_default()),
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

    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then finishes the calls in flight.
    ///
    /// # Errors
    /// If the server died before it was told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        // Cancelled by `stop`, or when the server dies.
        let stop = stop.child_token();
        let drain = self.grace.saturating_sub(Self::FLUSH).max(self.grace / 2);
        let (served, (), (), ()) = tokio::join!(
            serve(self.listener, self.router, drain, stop.clone()),
            self.table.watch(self.table_create, self.probe, stop.clone()),
            self.metrics.run_upkeep(stop.clone()),
            grpc_health::follow(self.readiness, self.reporter, stop),
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
    // Dropped when the server ends: then everything else stops, too.
    let _guard = stop.clone().drop_guard();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .accept_http1(true)
        .add_routes(router.into())
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let deadline = async {
        stop.cancelled().await;
        pause(drain).await;
    };
    tokio::select! {
        served = server => Ok(served?),
        () = deadline => {
            tracing::warn!("some calls did not finish within {drain:?}; their callers send them again");
            Ok(())
        }
    }
}

/// Everything on the one port: both ways to send records, health and metrics.
fn router(
    calls: Arc<Calls>,
    topic: Topic,
    health_server: HealthServer<impl Health>,
    readiness: Readiness,
    metrics: Metrics,
) -> Router {
    let mut services = Routes::builder();
    services
        .add_service(MessageProcessorServer::new(Grpc::new(calls.clone())))
        .add_service(health_server);
    grpc_reflection::add_to(&mut services);
    services
        .routes()
        .into_axum_router()
        .merge(cloudevents::route(calls, topic))
        .merge(health::routes(readiness, metrics))
        .fallback(unknown)
}

/// gRPC says "no such service" with the HTTP status 200, which a sender of CloudEvents would understand as
/// "stored". So other requests get 404, which means "try again" to it.
async fn unknown(headers: HeaderMap) -> Response {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    if content_type.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Status::unimplemented("this service does not exist here").into_http::<Body>();
    }
    (StatusCode::NOT_FOUND, "nothing is served at this path; send CloudEvents to /\n")
        .into_response()
}

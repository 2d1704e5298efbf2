//! The homepage as a value: bound, then run until it is told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::Compress;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use barrage::health::{Probe, Readiness};
use barrage::kafka::{self, Offsets, Producer, RecordCounter, Topics, keep_topic};
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::{self, Flush, Metrics, Tracer, Tracers};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::api::{self, Api};
use crate::burst::{self, Bursts, Tally};
use crate::limits::Clients;
use crate::producer::{Acks, Sender};
use crate::reader::wall::Wall;
use crate::reader::{self, Reader};

/// The homepage, listening but not yet answering.
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
    grace: Duration,
    api: Data<Api>,
    reader: reader::Parts,
    watch: Watch,
    shutdown: CancellationToken,
    killed: CancellationToken,
    flush: Flush,
}

/// What is looked at again and again.
struct Watch {
    topics: Topics,
    kafka: Probe,
    table: Probe,
    homepage: Probe,
}

/// Why a homepage could not be made. A dependency that is down is no reason.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The port cannot be had.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// A Kafka client cannot be made.
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    /// The exporter of traces cannot be made.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

/// Why a homepage died, rather than was told to stop.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nobody answers any more.
    #[error("the server failed")]
    Server(#[source] io::Error),
}

impl Service {
    /// How many threads answer requests.
    const WORKERS: usize = 2;
    /// How often rarely needed memory is given back.
    const TIDY: Duration = Duration::from_secs(60);

    /// Listens, and makes the clients.
    ///
    /// # Errors
    /// When the port cannot be had, or a client cannot be made.
    #[expect(
        clippy::unused_async,
        reason = "all services have this shape; clients need the runtime"
    )]
    pub async fn bind(config: Config, metrics: Metrics) -> Result<Self, BindError> {
        let failed = |error| BindError::Listen(config.listen.address, error);
        let listener = TcpListener::bind(config.listen.address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut tracers = Tracers::new(&config.telemetry, config.listen.instance.as_str());
        let sender = Arc::new(sender(&config, tracers.tracer(&config.traces.sender)?)?);
        let results = tracers.tracer(&config.traces.result)?;
        let (shutdown, killed) = (CancellationToken::new(), CancellationToken::new());
        let readiness = Readiness::default();
        let watch = Watch {
            topics: Topics::new(&config.kafka)?,
            kafka: readiness.dependency("kafka"),
            table: readiness.dependency("table"),
            homepage: readiness.dependency("homepage"),
        };
        let parts = burst::Parts {
            sender: sender.clone(),
            table: Table::new(&config.table),
            wall: Arc::new(Wall::default()),
            tally: Arc::new(Tally::default()),
            limits: config.limits,
            homepage: config.listen.instance.as_str().to_owned(),
            ttl: config.table.ttl,
            shutdown: shutdown.clone(),
            killed: killed.clone(),
        };
        let offsets = Offsets::new(&config.kafka)?;
        let reader = reader::Parts {
            offsets: offsets.clone(),
            table: parts.table.clone(),
            topic: config.kafka.topic.clone(),
            sender: sender.clone(),
            wall: parts.wall.clone(),
            tally: parts.tally.clone(),
            tracer: results,
            result_span: config.traces.result_span.clone(),
        };
        let api = Data::new(Api {
            wall: parts.wall.clone(),
            sender,
            table: parts.table.clone(),
            topic: config.kafka.topic.clone(),
            offsets,
            counter: RecordCounter::new(&config.kafka),
            clients: Clients::new(config.limits),
            readiness,
            kafka: watch.kafka.clone(),
            metrics,
            bursts: Bursts::new(Arc::new(parts)),
        });
        let (grace, flush) = (config.listen.grace, tracers.into_flush());
        Ok(Self { listener, address, grace, api, reader, watch, shutdown, killed, flush })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`; then stops its bursts, waits for Kafka's last acknowledgements, and ends.
    ///
    /// # Errors
    /// When it died, rather than was told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let tasks = TaskTracker::new();
        let end = CancellationToken::new();
        let Watch { topics, kafka, table, homepage } = self.watch;
        let topic = self.reader.topic.clone();
        tasks.spawn(keep_topic(topics, topic, kafka, end.clone()));
        tasks.spawn(self.reader.table.clone().keep(false, table, end.clone()));
        tasks.spawn(Reader::run(self.reader, end.clone()));
        tasks.spawn(forget_clients(self.api.clone(), end.clone()));
        homepage.up();

        let (api, drained) = (self.api.clone(), CancellationToken::new());
        let server = HttpServer::new(move || {
            let (headers, compress) = (api::headers(), Compress::default());
            App::new().wrap(compress).wrap(headers).configure(api::routes(api.clone()))
        });
        let server = server.workers(Self::WORKERS).shutdown_timeout(1);
        let server = server.shutdown_signal(drained.clone().cancelled_owned());
        let server = server.listen(self.listener).map_err(RunError::Server)?.run();

        let drain = async {
            stop.cancelled().await;
            homepage.down("is stopping");
            self.shutdown.cancel();
            // Senders end with their last acknowledgement, and write how far they came.
            if tokio::time::timeout(self.grace.mul_f64(0.7), self.api.bursts.ended()).await.is_err()
            {
                tracing::warn!("not all bursts have ended in time");
            }
            self.killed.cancel();
            drained.cancel();
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            served = server => served.map_err(RunError::Server),
            () = drain => Ok(()),
        };
        end.cancel();
        tasks.close();
        tasks.wait().await;
        self.flush.flush().await;
        result
    }
}

fn sender(config: &Config, tracer: Tracer) -> Result<Sender, kafka::Error> {
    let topic = config.kafka.topic.clone();
    Ok(Sender {
        producer: Producer::new(&config.kafka, topic.clone())?,
        acks: Acks::default(),
        tracer,
        names: config.traces.clone(),
        sample: config.telemetry.sample.get(),
        topic,
        source: format!("/homepage/{}", config.listen.instance.as_str()),
    })
}

async fn forget_clients(api: Data<Api>, stop: CancellationToken) {
    while stop.run_until_cancelled(pause(Service::TIDY)).await.is_some() {
        api.clients.forget_old();
    }
}

//! The homepage as a value: bound, then run until it is told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use barrage::health::{Probe, Readiness};
use barrage::kafka::{
    self, EventIds, Offsets, Permission, Producer, RecordCounter, Topics, watch_topic,
};
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::{self, Flush, Metrics, Tracer, Tracers};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::api::{Admission, Handlers, Pages};
use crate::assets::Assets;
use crate::burst::{self, Bursts, RemoteBursts, Results};
use crate::limits::Clients;
use crate::lookup::Lookup;
use crate::metrics;
use crate::producer::{Acks, Sender};
use crate::reader::feed::Feed;
use crate::reader::progress::Progress;
use crate::reader::{self, Reader};
use crate::server;
use crate::viewers::Viewers;

/// The homepage, listening but not yet answering.
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
    grace: Duration,
    handlers: Handlers,
    reader: reader::Dependencies,
    watch: Watch,
    shutdown: CancellationToken,
    killed: CancellationToken,
    flush: Flush,
}

/// What is looked at again and again.
struct Watch {
    topics: Topics,
    permission: Permission,
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
        let listener = server::listen(config.listen.address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut tracers = Tracers::new(&config.telemetry, config.listen.instance.as_str());
        let readiness = Readiness::default();
        let permission = Permission::new(readiness.dependency("sending"));
        let tracer = tracers.tracer(&config.traces.sender)?;
        let sender = Arc::new(sender(&config, permission.clone(), tracer)?);
        let results = tracers.tracer(&config.traces.result)?;
        let (shutdown, killed) = (CancellationToken::new(), CancellationToken::new());
        let bursts = burst_dependencies(&config, sender, &shutdown, &killed);
        let reader = readiness.dependency("reader");
        let reader = reader_dependencies(&config, &bursts, results, reader)?;
        let watch = Watch::new(Topics::new(&config.kafka)?, permission, &readiness);
        let handlers = handlers(&config, bursts, &reader, readiness, &watch.kafka, metrics)?;
        let (grace, flush) = (config.listen.grace, tracers.into_flush());
        Ok(Self { listener, address, grace, handlers, reader, watch, shutdown, killed, flush })
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
        metrics::describe();
        let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
        let handlers = self.handlers;
        self.watch.spawn(&tasks, &self.reader, &end);
        tasks.spawn(Reader::run(self.reader, end.clone()));
        tasks.spawn(Metrics::clone(&handlers.metrics).run_upkeep(end.clone()));
        tasks.spawn(forget_clients(handlers.clients.clone(), end.clone()));
        let (assets, stopping) = (handlers.assets.clone(), stop.clone());
        tasks.spawn_blocking(move || assets.compress(&stopping));

        let drained = CancellationToken::new();
        let bursts = handlers.bursts.clone();
        let server = server::serve(handlers, self.listener, drained.clone());
        let drain = async {
            stop.cancelled().await;
            self.watch.homepage.down("is stopping");
            self.shutdown.cancel();
            // Senders end with their last acknowledgement, and write how far they came.
            let ended = bursts.ended();
            if tokio::time::timeout(self.grace.mul_f64(0.6), ended).await.is_err() {
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

impl Watch {
    fn new(topics: Topics, permission: Permission, readiness: &Readiness) -> Self {
        let [kafka, table, homepage] =
            ["kafka", "table", "homepage"].map(|name| readiness.dependency(name));
        Self { topics, permission, kafka, table, homepage }
    }

    fn spawn(&self, tasks: &TaskTracker, reader: &reader::Dependencies, end: &CancellationToken) {
        let (topics, topic) = (self.topics.clone(), reader.topic.clone());
        tasks.spawn(watch_topic(topics, topic, self.kafka.clone(), end.clone()));
        tasks.spawn(self.permission.clone().expire_denials(end.clone()));
        tasks.spawn(reader.table.clone().watch(false, self.table.clone(), end.clone()));
        self.homepage.up();
    }
}

fn handlers(
    config: &Config,
    bursts: burst::Dependencies,
    reader: &reader::Dependencies,
    readiness: Readiness,
    kafka: &Probe,
    metrics: Metrics,
) -> Result<Handlers, kafka::Error> {
    let (assets, settings) = (Data::new(Assets::embedded()), Data::new(config.page.clone()));
    let (feed, sender) = (Data::from(reader.feed.clone()), Data::from(bursts.sender.clone()));
    let clients = Data::new(Clients::new(config.limits));
    let lookup = Lookup {
        progress: reader.progress.clone(),
        reader: reader.probe.clone(),
        topic: reader.topic.clone(),
        table: reader.table.clone(),
        offsets: reader.offsets.clone(),
        ids: EventIds::new(&config.kafka)?,
    };
    let pages = Pages { assets: assets.clone(), feed: feed.clone(), settings: settings.clone() };
    let results = Results { table: reader.table.clone(), topic: reader.topic.clone() };
    let (offsets, counter) = (reader.offsets.clone(), RecordCounter::new(&config.kafka));
    let remote_bursts =
        RemoteBursts::new(results.clone(), offsets, counter, reader.progress.clone());
    Ok(Handlers {
        admission: Data::new(Admission { clients: clients.clone(), kafka: kafka.clone() }),
        assets,
        bursts: Data::new(Bursts::new(Arc::new(bursts))),
        clients,
        feed,
        lookup: Data::new(lookup),
        metrics: Data::new(metrics),
        pages: Data::new(pages),
        progress: Data::from(reader.progress.clone()),
        readiness: Data::new(readiness),
        remote_bursts: Data::new(remote_bursts),
        results: Data::new(results),
        sender,
        settings,
        viewers: Data::new(Viewers::default()),
    })
}

fn burst_dependencies(
    config: &Config,
    sender: Arc<Sender>,
    shutdown: &CancellationToken,
    killed: &CancellationToken,
) -> burst::Dependencies {
    burst::Dependencies {
        sender,
        table: Table::new(&config.table),
        progress: Arc::new(Progress::default()),
        limits: config.limits,
        homepage: config.listen.instance.as_str().to_owned(),
        ttl: config.table.ttl,
        shutdown: shutdown.clone(),
        killed: killed.clone(),
    }
}

fn reader_dependencies(
    config: &Config,
    bursts: &burst::Dependencies,
    tracer: Tracer,
    probe: Probe,
) -> Result<reader::Dependencies, kafka::Error> {
    Ok(reader::Dependencies {
        offsets: Offsets::new(&config.kafka)?,
        ids: EventIds::new(&config.kafka)?,
        table: bursts.table.clone(),
        topic: config.kafka.topic.clone(),
        acks: bursts.sender.acks.clone(),
        feed: Arc::new(Feed::default()),
        progress: bursts.progress.clone(),
        probe,
        tracer,
        result_span: config.traces.result_span.clone(),
    })
}

fn sender(config: &Config, permission: Permission, tracer: Tracer) -> Result<Sender, kafka::Error> {
    let topic = config.kafka.topic.clone();
    Ok(Sender {
        producer: Producer::new(&config.kafka, topic.clone())?,
        permission,
        acks: Arc::new(Acks::default()),
        tracer,
        names: config.traces.clone(),
        sample: config.telemetry.sample.get(),
        topic,
        source: format!("/homepage/{}", config.listen.instance.as_str()),
    })
}

async fn forget_clients(clients: Data<Clients>, stop: CancellationToken) {
    while stop.run_until_cancelled(pause(Service::TIDY)).await.is_some() {
        clients.forget_old();
    }
}

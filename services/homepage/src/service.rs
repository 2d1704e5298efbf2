//! The homepage as a value: built with its port bound, then run until it must stop. What its handlers, the reader
//! and the bursts need is built here.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use barrage::health::{Probe, Readiness};
use barrage::kafka::{
    self, GroupMembers, Offsets, PermissionProbe, Producer, RecordCounter, RecordScan, Topics,
    watch_topic,
};
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::{self, Flush, Metrics, Tracer, Tracers};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::api::{Admission, Demo, Handlers, Pages};
use crate::assets::Assets;
use crate::burst::{self, Bursts, Recounter, RemoteBursts, Results};
use crate::config;
use crate::events::{Events, watch_events};
use crate::launcher::Launcher;
use crate::limits::ClientLimits;
use crate::lookup::Lookup;
use crate::metrics;
use crate::pipeline::{self, Pipeline};
use crate::producer::{Acks, MessageProducer};
use crate::publication::{self, Publication};
use crate::reader::feed::Feed;
use crate::reader::progress::Progress;
use crate::reader::{self, Reader};
use crate::routers::{Routers, watch_group};
use crate::server;

/// A homepage that listens, and answers once it runs.
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
    grace: Duration,
    handlers: Handlers,
    reader: reader::Dependencies,
    watch: Watch,
    /// Cancelled to stop the bursts.
    shutdown: CancellationToken,
    /// Cancelled to end the bursts that have not stopped in time.
    killed: CancellationToken,
    flush: Flush,
}

/// The dependencies that are polled, and their state in `/readyz`.
struct Watch {
    topics: Topics,
    permission: PermissionProbe,
    kafka: Probe,
    table: Probe,
    homepage: Probe,
    /// Whether a router is in the group. Without one, everything works but the processing.
    event_router: Probe,
}

/// Why a homepage could not be built. A dependency that is down is no error.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
    #[error("no HTTP client for the launcher")]
    Launcher(#[from] reqwest::Error),
}

/// Why a homepage ended before it was stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the server failed")]
    Server(#[source] io::Error),
}

impl Service {
    /// How often old client addresses are forgotten.
    const FORGET_CLIENTS: Duration = Duration::from_secs(60);

    /// Opens the port and builds the clients.
    ///
    /// # Errors
    /// When the port cannot be opened, or a client rejects the configuration.
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
        let permission = PermissionProbe::new(readiness.dependency("sending"));
        let tracer = tracers.tracer(&config.traces.sender)?;
        let kafka = readiness.dependency("kafka");
        let producer = Arc::new(producer(&config, (permission.clone(), kafka.clone()), tracer)?);
        let results = tracers.tracer(&config.traces.result)?;
        let (shutdown, killed) = (CancellationToken::new(), CancellationToken::new());
        let bursts = burst_dependencies(&config, producer, &shutdown, &killed)?;
        let probes = (readiness.dependency("reader"), readiness.partial_dependency("partitions"));
        let reader = reader_dependencies(&config, &bursts, results, probes)?;
        let watch = Watch::new(Topics::new(&config.kafka)?, (permission, kafka), &readiness);
        let handlers = handlers(&config, bursts, &reader, readiness, &watch.kafka, metrics)?;
        let (grace, flush) = (config.listen.grace, tracers.into_flush());
        Ok(Self { listener, address, grace, handlers, reader, watch, shutdown, killed, flush })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop`. Then it stops its bursts and waits for Kafka's last acknowledgements and their last rows.
    ///
    /// # Errors
    /// When the server fails before `stop`.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        metrics::describe();
        let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
        let handlers = self.handlers;
        self.watch.spawn(&tasks, &self.reader, &handlers, &end);
        spawn_pipeline(&tasks, &self.reader, &handlers, &end);
        tasks.spawn(handlers.publication.clone().into_inner().publish(stop.clone(), end.clone()));
        tasks.spawn(Reader::run(self.reader, end.clone()));
        tasks.spawn(Metrics::clone(&handlers.metrics).run_upkeep(end.clone()));
        tasks.spawn(forget_clients(handlers.clients.clone(), end.clone()));
        let (assets, stopping) = (handlers.assets.clone(), stop.clone());
        tasks.spawn_blocking(move || assets.compress(&stopping));

        let drained = CancellationToken::new();
        let bursts = handlers.bursts.clone();
        let until = (stop.clone(), drained.clone());
        let server = server::serve(handlers, self.listener, until, self.grace.mul_f64(0.3));
        let drain = async {
            stop.cancelled().await;
            self.watch.homepage.down("is stopping");
            self.shutdown.cancel();
            // The senders end with their last acknowledgement, and each burst writes its last row.
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
    fn new(
        topics: Topics,
        (permission, kafka): (PermissionProbe, Probe),
        readiness: &Readiness,
    ) -> Self {
        let [table, homepage] = ["table", "homepage"].map(|name| readiness.dependency(name));
        let event_router = readiness.partial_dependency("event-router");
        Self { topics, permission, kafka, table, homepage, event_router }
    }

    fn spawn(
        &self,
        tasks: &TaskTracker,
        reader: &reader::Dependencies,
        handlers: &Handlers,
        end: &CancellationToken,
    ) {
        let (topics, topic) = (self.topics.clone(), reader.topic.clone());
        tasks.spawn(watch_topic(topics, topic, self.kafka.clone(), end.clone()));
        tasks.spawn(self.permission.clone().expire_refusals(end.clone()));
        tasks.spawn(reader.table.clone().watch(false, self.table.clone(), end.clone()));
        let members = GroupMembers::new(&reader.offsets);
        let (routers, progress) = (reader.routers.clone(), reader.progress.clone());
        let event_router = self.event_router.clone();
        tasks.spawn(watch_group(
            members,
            routers.clone(),
            progress.clone(),
            event_router,
            end.clone(),
        ));
        let events = handlers.events.clone().into_inner();
        let readiness = handlers.readiness.get_ref().clone();
        tasks.spawn(watch_events(events, readiness, routers, progress, end.clone()));
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
) -> Result<Handlers, BindError> {
    let assets = Data::new(Assets::embedded(config.page.base_path.clone()));
    let settings = Data::new(config.page.clone());
    let (feed, producer) = (Data::from(reader.feed.clone()), Data::from(bursts.producer.clone()));
    let clients = Data::new(ClientLimits::new(config.limits));
    let lookup = Lookup {
        progress: reader.progress.clone(),
        reader: reader.probe.clone(),
        topic: reader.topic.clone(),
        table: reader.table.clone(),
        offsets: reader.offsets.clone(),
        // Its own, so that no request waits for an inspection.
        records: RecordScan::new(&config.kafka),
    };
    let events = Data::new(Events::default());
    let publication = publication(reader, &readiness, events.clone().into_inner());
    let pages = Pages { assets: assets.clone(), feed, settings: settings.clone() };
    let results = bursts.recounter.results.clone();
    let remote_bursts = RemoteBursts::new(bursts.recounter.clone(), reader.progress.clone());
    let launcher = launcher(&config.demo)?.map(Arc::new);
    Ok(Handlers {
        admission: Data::new(Admission { clients: clients.clone(), kafka: kafka.clone() }),
        assets,
        bursts: Data::new(Bursts::new(Arc::new(bursts))),
        clients,
        demo: Data::new(Demo::new(&config.demo, launcher)),
        events,
        lookup: Data::new(lookup),
        metrics: Data::new(metrics),
        pages: Data::new(pages),
        pipeline: Data::new(Pipeline::default()),
        producer,
        proxies: Data::new(config.proxies.clone()),
        publication: Data::new(publication),
        readiness: Data::new(readiness),
        remote_bursts: Data::new(remote_bursts),
        results: Data::new(results),
        settings,
    })
}

fn publication(
    reader: &reader::Dependencies,
    readiness: &Readiness,
    events: Arc<Events>,
) -> Publication {
    Publication::new(publication::Sources {
        feed: reader.feed.clone(),
        progress: reader.progress.clone(),
        readiness: readiness.clone(),
        routers: reader.routers.clone(),
        waiting_viewers: reader.waiting_viewers.clone(),
        events,
    })
}

fn launcher(demo: &config::Demo) -> reqwest::Result<Option<Launcher>> {
    let config = demo.launcher.clone().zip(demo.token.clone());
    config.map(|(url, token)| Launcher::new(url, token)).transpose()
}

fn spawn_pipeline(
    tasks: &TaskTracker,
    reader: &reader::Dependencies,
    handlers: &Handlers,
    end: &CancellationToken,
) {
    let launcher = handlers.demo.launcher.clone();
    if let Some(launcher) = launcher.clone() {
        tasks.spawn(launcher.watch(end.clone()));
    }
    let sources = pipeline::Sources {
        feed: reader.feed.clone(),
        progress: reader.progress.clone(),
        work: reader.work.clone(),
        readiness: handlers.readiness.get_ref().clone(),
        routers: reader.routers.clone(),
        events: handlers.events.clone().into_inner(),
        launcher,
    };
    tasks.spawn(handlers.pipeline.clone().into_inner().watch(sources, end.clone()));
}

fn burst_dependencies(
    config: &Config,
    producer: Arc<MessageProducer>,
    shutdown: &CancellationToken,
    killed: &CancellationToken,
) -> Result<burst::Dependencies, kafka::Error> {
    let table = Table::new(&config.table);
    let results = Results::new(table.clone(), config.kafka.topic.clone());
    let (offsets, counter) = (Offsets::new(&config.kafka)?, RecordCounter::new(&config.kafka));
    Ok(burst::Dependencies {
        producer,
        table,
        recounter: Recounter { results, offsets, counter },
        progress: Arc::new(Progress::default()),
        limits: config.limits,
        homepage: config.listen.instance.as_str().to_owned(),
        ttl: config.table.ttl,
        shutdown: shutdown.clone(),
        killed: killed.clone(),
    })
}

fn reader_dependencies(
    config: &Config,
    bursts: &burst::Dependencies,
    tracer: Tracer,
    (probe, readable): (Probe, Probe),
) -> Result<reader::Dependencies, kafka::Error> {
    Ok(reader::Dependencies {
        offsets: bursts.recounter.offsets.clone(),
        records: RecordScan::new(&config.kafka),
        inspected: RecordScan::new(&config.kafka),
        table: bursts.table.clone(),
        topic: config.kafka.topic.clone(),
        group: config.kafka.group.clone(),
        ttl: config.table.ttl,
        acks: bursts.producer.acks.clone(),
        feed: Arc::new(Feed::default()),
        progress: bursts.progress.clone(),
        waiting_viewers: Arc::default(),
        routers: Arc::new(Routers::default()),
        work: Arc::default(),
        probe,
        readable,
        tracer,
        result_span: config.traces.result_span.clone(),
    })
}

fn producer(
    config: &Config,
    (permission, kafka): (PermissionProbe, Probe),
    tracer: Tracer,
) -> Result<MessageProducer, kafka::Error> {
    let topic = config.kafka.topic.clone();
    Ok(MessageProducer {
        producer: Producer::new(&config.kafka, topic.clone())?,
        permission,
        kafka,
        acks: Arc::new(Acks::default()),
        tracer,
        names: config.traces.clone(),
        sample: config.telemetry.sample.get(),
        topic,
        source: format!("/homepage/{}", config.listen.instance.as_str()),
    })
}

async fn forget_clients(clients: Data<ClientLimits>, stop: CancellationToken) {
    while stop.run_until_cancelled(pause(Service::FORGET_CLIENTS)).await.is_some() {
        clients.forget_old();
    }
}

//! The running event router: it binds its port, watches its dependencies, and routes until it must stop.

use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;

use barrage::health::{self, Readiness};
use barrage::kafka::{
    self, Consumer, Offsets, PermissionProbe, Producer, RecordScan, Topics, watch_topic,
};
use barrage::telemetry::{self, Flush, Metrics, Tracers};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::Config;
use crate::activity::Activity;
use crate::dead_letter::DeadLetters;
use crate::gaps::Gaps;
use crate::metrics;
use crate::processors::resolve;
use crate::recreation::OffsetChecks;
use crate::router::{Dependencies, Router};

/// An event router that has its port and its clients, and does not route yet.
pub struct Service {
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    readiness: Readiness,
    metrics: Metrics,
    topics: Topics,
    dependencies: Dependencies,
    /// The permission to write dead letters. They are rare, so a refusal must end without the next one.
    dead_letters: PermissionProbe,
    flush: Flush,
}

/// Why the router cannot start. A dependency that is down is no reason.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

/// Why the router died. Being told to stop is no error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the health port failed")]
    Health(#[source] io::Error),
    /// The thread of the Kafka client has ended.
    #[error("the consumer died")]
    Consumer(#[source] kafka::Error),
}

impl Service {
    /// Opens the port and creates the clients, without waiting for any dependency.
    ///
    /// # Errors
    /// If the port cannot be opened or a client cannot be created.
    pub async fn bind(config: Config, metrics: Metrics) -> Result<Self, BindError> {
        let failed = |error| BindError::Listen(config.listen.address, error);
        let listener = TcpListener::bind(config.listen.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut tracers = Tracers::new(&config.telemetry, config.listen.instance.as_str());
        let readiness = Readiness::default();
        let processors = readiness.dependency("processors");
        // Before the first record no processor is called: they may be scaled to zero.
        processors.up();
        let partitions = readiness.dependency("partitions");
        partitions.up();
        let activity = Activity::default();
        let dead_letters = PermissionProbe::new(readiness.dependency("dead-letters"));
        let dependencies = Dependencies {
            dead_letters: DeadLetters::new(
                Producer::new(&config.kafka, config.dead_letter_topic.clone())?,
                dead_letters.clone(),
            ),
            reading: PermissionProbe::new(readiness.dependency("reading")),
            offset_checks: OffsetChecks::new(Offsets::new(&config.kafka)?, activity.pace()),
            gaps: Gaps::new(RecordScan::new(&config.kafka), partitions),
            tracer: tracers.tracer(&config.trace_name)?,
            processors,
            activity,
        };
        let (topics, flush) = (Topics::new(&config.kafka)?, tracers.into_flush());
        metrics::describe();
        Ok(Self {
            config,
            listener,
            address,
            readiness,
            metrics,
            topics,
            dependencies,
            dead_letters,
            flush,
        })
    }

    /// The address of the health port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Routes until `stop`, then lets what is in flight finish.
    ///
    /// # Errors
    /// If the router died before it was told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let tasks = TaskTracker::new();
        self.watch_dependencies(&tasks, &stop);
        let (sender, urls) = watch::channel(Vec::new());
        let (sink, pace) = (self.config.sink.clone(), self.dependencies.activity.pace());
        tasks.spawn(resolve(sink, sender, pace, stop.clone()));
        tasks.spawn(self.metrics.clone().run_upkeep(stop.clone()));
        let health = health::serve(self.listener, self.readiness, self.metrics);
        let work = route(self.config, self.topics, self.dependencies, urls, stop.clone());
        // On the main thread, which executes nothing else, each event would switch threads. A task runs where its event
        // is.
        let work = AbortOnDropHandle::new(tokio::spawn(work));
        // The health port answers until the work has ended. If one of them fails, both end.
        let result = tokio::select! {
            worked = work => match worked {
                Ok(worked) => worked.map_err(RunError::Consumer),
                Err(panicked) => resume_unwind(panicked.into_panic()),
            },
            served = health => served.map_err(RunError::Health),
        };
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        self.flush.flush().await;
        result
    }

    fn watch_dependencies(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let watched = [
            (self.config.kafka.topic.clone(), self.readiness.dependency("kafka")),
            (self.config.dead_letter_topic.clone(), self.readiness.dependency("dead-letter-topic")),
        ];
        for (topic, probe) in watched {
            tasks.spawn(watch_topic(self.topics.clone(), topic, probe, stop.clone()));
        }
        tasks.spawn(self.dead_letters.clone().expire_refusals(stop.clone()));
        let router = self.readiness.dependency("router");
        router.up();
        let stop = stop.clone();
        tasks.spawn(async move {
            stop.cancelled().await;
            router.down("is stopping");
        });
    }
}

/// Joins the group as soon as the topic exists, and routes until `stop`.
async fn route(
    config: Config,
    topics: Topics,
    dependencies: Dependencies,
    urls: watch::Receiver<Vec<String>>,
    stop: CancellationToken,
) -> Result<(), kafka::Error> {
    let exists = topics.wait_for(&config.kafka.topic);
    if stop.run_until_cancelled(exists).await.is_none() {
        return Ok(());
    }
    let instance_id = config.group_instance_id.as_ref();
    let consumer = Consumer::join(&config.kafka, instance_id, config.fetch_wait)?;
    Router::new(consumer, dependencies, config).run(urls, stop).await
}

//! Creates topics that are missing, and reports whether Kafka answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use tokio_util::sync::CancellationToken;

use super::config::REQUEST_TIMEOUT;
use super::denial::{Access, Operation};
use super::error_callback::ErrorCallback;
use super::{Config, Error};
use crate::health::Probe;
use crate::position::Topic;
use crate::retry::{Backoff, pause};

/// Describes topics, and creates those that are missing.
#[derive(Clone)]
pub struct Topics {
    consumer: Arc<BaseConsumer<ErrorCallback>>,
    config: Config,
}

impl Topics {
    /// How long [`watch_topic`] waits between two checks.
    const INTERVAL: Duration = Duration::from_secs(1);
    const ROLE: &str = "topics";
    /// How many times a topic that was just created is described until it appears. With the waits in between
    /// this takes about three seconds.
    const DESCRIBE_ATTEMPTS: u32 = 8;

    /// Connects in the background, with a client of its own.
    ///
    /// # Errors
    /// When librdkafka refuses the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let client = config.standalone_consumer(Self::ROLE);
        let consumer = client.create_with_context(ErrorCallback::default());
        let consumer = Arc::new(consumer.map_err(Error::Configuration)?);
        Ok(Self { consumer, config: config.clone() })
    }

    /// Creates the topic if it does not exist. Returns the number of its partitions.
    ///
    /// # Errors
    /// When Kafka does not answer, or does not create it.
    pub async fn ensure(&self, topic: &Topic) -> Result<i32, Error> {
        match self.partitions(topic).await {
            Err(Error::NoTopic(_)) => {
                self.create(topic).await?;
                self.wait_until_known(topic).await
            }
            answer => answer,
        }
    }

    /// A topic that was just created is known to all brokers only a moment later.
    async fn wait_until_known(&self, topic: &Topic) -> Result<i32, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(20), Self::INTERVAL);
        loop {
            match self.partitions(topic).await {
                Err(Error::NoTopic(_)) if backoff.failures() < Self::DESCRIBE_ATTEMPTS => {
                    backoff.wait().await
                }
                answer => return answer,
            }
        }
    }

    /// Tries to create the topic until it exists.
    pub async fn wait_for(&self, topic: &Topic) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Self::INTERVAL);
        while self.ensure(topic).await.is_err() {
            backoff.wait().await;
        }
    }

    async fn partitions(&self, topic: &Topic) -> Result<i32, Error> {
        let consumer = self.consumer.clone();
        let access = self.config.access_to(Operation::Describe, topic);
        let request = move || {
            let answer = describe(&consumer, &access);
            // librdkafka calls the error callback only while the client is polled.
            while consumer.poll(Duration::ZERO).is_some() {}
            explain(answer, &access, consumer.context())
        };
        tokio::task::spawn_blocking(request).await.map_err(|_| Error::Closed)?
    }

    async fn create(&self, topic: &Topic) -> Result<(), Error> {
        let access = self.config.access_to(Operation::Create, topic);
        let failed = |error| Error::NotCreated(topic.clone(), Box::new(Error::of(error, &access)));
        let admin = self.config.client(Self::ROLE).create::<AdminClient<DefaultClientContext>>();
        let admin = admin.map_err(Error::Configuration)?;
        let partitions = self.config.partitions;
        // The replication factor and the retention are the cluster's defaults.
        let new = NewTopic::new(topic.as_str(), partitions, TopicReplication::Fixed(-1));
        let options = AdminOptions::new()
            .request_timeout(Some(REQUEST_TIMEOUT))
            .operation_timeout(Some(REQUEST_TIMEOUT));
        let answer = admin.create_topics([&new], &options).await;
        let results = answer.map_err(failed)?;
        for result in results {
            match result {
                Ok(_) => tracing::info!(%topic, partitions, "created topic {topic}"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(failed(KafkaError::AdminOp(code))),
            }
        }
        Ok(())
    }
}

fn describe(consumer: &BaseConsumer<ErrorCallback>, access: &Access) -> Result<i32, Error> {
    let topic = access.topic.as_str();
    let answer = consumer.fetch_metadata(Some(topic), REQUEST_TIMEOUT);
    let metadata = answer.map_err(|error| Error::of(error, access))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    if let Some(error) = found.and_then(MetadataTopic::error) {
        return Err(Error::of(KafkaError::MetadataFetch(error.into()), access));
    }
    match found.map(|found| found.partitions().len()) {
        None | Some(0) => Err(Error::NoTopic(access.topic.clone())),
        Some(count) => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
    }
}

/// When a login fails, the request only times out. Then the reason is what the error callback recorded.
fn explain(
    answer: Result<i32, Error>,
    access: &Access,
    callback: &ErrorCallback,
) -> Result<i32, Error> {
    match answer {
        Err(Error::Unreachable(error)) => {
            let denial = callback.last_error().and_then(|code| access.denial(code));
            Err(denial.map_or(Error::Unreachable(error), Error::Denied))
        }
        answer => {
            callback.clear();
            answer
        }
    }
}

/// Until `stop`, creates the topic whenever it is missing, and reports whether Kafka answers.
pub async fn watch_topic(topics: Topics, topic: Topic, probe: Probe, stop: CancellationToken) {
    let watch = async {
        loop {
            let began = Instant::now();
            let answer = topics.ensure(&topic).await;
            match &answer {
                Err(Error::Denied(why)) => probe.denied(why),
                // Kafka has come back, and somebody else has heard of it first.
                Err(Error::Unreachable(_)) if probe.last_up().is_some_and(|at| at > began) => {}
                answer => probe.report(answer),
            }
            pause(if answer.is_ok() { Topics::INTERVAL } else { Topics::INTERVAL / 4 }).await;
        }
    };
    let _stopped = stop.run_until_cancelled(watch).await;
}

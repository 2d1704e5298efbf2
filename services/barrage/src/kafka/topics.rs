//! Makes sure that a topic exists, and keeps an eye on whether Kafka answers.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio_util::sync::CancellationToken;

use super::config::QUESTION_TIMEOUT;
use super::{Config, Error};
use crate::health::Probe;
use crate::position::Topic;
use crate::retry::{Backoff, pause};

/// Asks for and creates topics.
#[derive(Clone)]
pub struct Topics {
    admin: Arc<AdminClient<DefaultClientContext>>,
    partitions: i32,
}

impl Topics {
    /// How often [`keep_topic`] looks.
    const INTERVAL: Duration = Duration::from_secs(1);

    /// A client of its own. It connects in the background.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let admin = config.client("topics").create().map_err(Error::Configuration)?;
        Ok(Self { admin: Arc::new(admin), partitions: config.partitions })
    }

    /// How many partitions the topic has; it is created when it does not exist.
    ///
    /// # Errors
    /// When Kafka does not answer, or refuses to create it.
    pub async fn ensure(&self, topic: &Topic) -> Result<i32, Error> {
        match self.partitions(topic).await {
            Err(Error::NoTopic(_)) => {
                self.create(topic).await?;
                self.partitions(topic).await
            }
            answer => answer,
        }
    }

    /// Waits until the topic exists; it is created when it does not.
    pub async fn wait_for(&self, topic: &Topic) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Self::INTERVAL);
        while self.ensure(topic).await.is_err() {
            backoff.wait().await;
        }
    }

    async fn partitions(&self, topic: &Topic) -> Result<i32, Error> {
        let (admin, asked) = (self.admin.clone(), topic.clone());
        let question = move || admin.inner().fetch_metadata(Some(asked.as_str()), QUESTION_TIMEOUT);
        let answer = tokio::task::spawn_blocking(question).await.map_err(|_| Error::Closed)?;
        let metadata = answer.map_err(|error| Error::of(error, topic))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic.as_str());
        match found.map(|found| found.partitions().len()) {
            None | Some(0) => Err(Error::NoTopic(topic.clone())),
            Some(count) => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
        }
    }

    async fn create(&self, topic: &Topic) -> Result<(), Error> {
        let new = NewTopic::new(topic.as_str(), self.partitions, TopicReplication::Fixed(-1));
        let options = AdminOptions::new()
            .request_timeout(Some(QUESTION_TIMEOUT))
            .operation_timeout(Some(QUESTION_TIMEOUT));
        let answer = self.admin.create_topics([&new], &options).await;
        let failed = |error| Error::NotCreated(topic.clone(), error);
        let results = answer.map_err(failed)?;
        for result in results {
            match result {
                Ok(_) => {
                    tracing::info!(%topic, partitions = self.partitions, "created topic {topic}")
                }
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => {
                    return Err(failed(KafkaError::AdminOp(code)));
                }
            }
        }
        Ok(())
    }
}

/// Until `stop`, creates the topic whenever it is missing and reports whether Kafka answers.
pub async fn keep_topic(topics: Topics, topic: Topic, probe: Probe, stop: CancellationToken) {
    let watch = async {
        loop {
            let answer = topics.ensure(&topic).await;
            probe.report(&answer);
            pause(if answer.is_ok() { Topics::INTERVAL } else { Topics::INTERVAL / 4 }).await;
        }
    };
    let _stopped = stop.run_until_cancelled(watch).await;
}

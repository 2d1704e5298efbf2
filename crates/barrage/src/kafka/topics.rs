//! Makes sure that a topic exists, and keeps an eye on whether Kafka answers.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use tokio_util::sync::CancellationToken;

use super::asked::{Asked, What};
use super::config::QUESTION_TIMEOUT;
use super::ear::Ear;
use super::{Config, Error};
use crate::health::Probe;
use crate::position::Topic;
use crate::retry::{Backoff, pause};

/// Asks for and creates topics.
#[derive(Clone)]
pub struct Topics {
    asker: Arc<BaseConsumer<Ear>>,
    config: Config,
}

impl Topics {
    /// How often [`watch_topic`] looks.
    const INTERVAL: Duration = Duration::from_secs(1);
    const ROLE: &str = "topics";
    /// How often a topic is looked for that was just created: for some three seconds.
    const LOOKS: u32 = 8;

    /// A client of its own. It connects in the background.
    ///
    /// # Errors
    /// When the client cannot be made of the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let asker = config.onlooker(Self::ROLE).create_with_context(Ear::default());
        let asker = Arc::new(asker.map_err(Error::Configuration)?);
        Ok(Self { asker, config: config.clone() })
    }

    /// How many partitions the topic has; it is created when it does not exist.
    ///
    /// # Errors
    /// When Kafka does not answer, or refuses to create it.
    pub async fn ensure(&self, topic: &Topic) -> Result<i32, Error> {
        match self.partitions(topic).await {
            Err(Error::NoTopic(_)) => {
                self.create(topic).await?;
                self.appears(topic).await
            }
            answer => answer,
        }
    }

    /// How many partitions a topic has that was just created: a broker knows of it a moment later.
    async fn appears(&self, topic: &Topic) -> Result<i32, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(20), Self::INTERVAL);
        loop {
            match self.partitions(topic).await {
                Err(Error::NoTopic(_)) if backoff.failures() < Self::LOOKS => backoff.wait().await,
                answer => return answer,
            }
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
        let (asker, asked) = (self.asker.clone(), self.config.asked_of(What::Describe, topic));
        let question = move || {
            let answer = ask(&asker, &asked);
            // What it has heard of its connections, it tells when it is polled.
            while asker.poll(Duration::ZERO).is_some() {}
            explained(answer, &asked, asker.context())
        };
        tokio::task::spawn_blocking(question).await.map_err(|_| Error::Closed)?
    }

    async fn create(&self, topic: &Topic) -> Result<(), Error> {
        let asked = self.config.asked_of(What::Create, topic);
        let failed = |error| Error::NotCreated(topic.clone(), Box::new(Error::of(error, &asked)));
        let admin = self.config.client(Self::ROLE).create::<AdminClient<DefaultClientContext>>();
        let admin = admin.map_err(Error::Configuration)?;
        let partitions = self.config.partitions;
        // How often it is replicated, and how long it keeps records, is the cluster's own choice.
        let new = NewTopic::new(topic.as_str(), partitions, TopicReplication::Fixed(-1));
        let options = AdminOptions::new()
            .request_timeout(Some(QUESTION_TIMEOUT))
            .operation_timeout(Some(QUESTION_TIMEOUT));
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

/// How many partitions there are.
fn ask(asker: &BaseConsumer<Ear>, asked: &Asked) -> Result<i32, Error> {
    let topic = asked.topic.as_str();
    let answer = asker.fetch_metadata(Some(topic), QUESTION_TIMEOUT);
    let metadata = answer.map_err(|error| Error::of(error, asked))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    if let Some(error) = found.and_then(MetadataTopic::error) {
        return Err(Error::of(KafkaError::MetadataFetch(error.into()), asked));
    }
    match found.map(|found| found.partitions().len()) {
        None | Some(0) => Err(Error::NoTopic(asked.topic.clone())),
        Some(count) => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
    }
}

/// A client that is not let in knows only that it has no connection; its ear knows why.
fn explained(answer: Result<i32, Error>, asked: &Asked, ear: &Ear) -> Result<i32, Error> {
    match answer {
        Err(Error::Unreachable(error)) => {
            let refusal = ear.trouble().and_then(|code| asked.refusal(code));
            Err(refusal.map_or(Error::Unreachable(error), Error::Refused))
        }
        answer => {
            ear.forget();
            answer
        }
    }
}

/// Until `stop`, creates the topic whenever it is missing and reports whether Kafka answers.
pub async fn watch_topic(topics: Topics, topic: Topic, probe: Probe, stop: CancellationToken) {
    let watch = async {
        loop {
            let answer = topics.ensure(&topic).await;
            match &answer {
                Err(Error::Refused(why)) => probe.refuses(why),
                answer => probe.report(answer),
            }
            pause(if answer.is_ok() { Topics::INTERVAL } else { Topics::INTERVAL / 4 }).await;
        }
    };
    let _stopped = stop.run_until_cancelled(watch).await;
}

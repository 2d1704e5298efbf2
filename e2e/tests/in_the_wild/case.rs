//! One test: a topic, a group and a table of its own, the three services, and what they must say in the end.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use client::{
    answers::{Bullet, Totals},
    eventually::within,
    feed::MAX_BULLETS,
    kafka::{Content, Kafka, message_value},
    message::{MessageId, Position},
};
use serde_json::Value;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, ROUTER, TABLE},
};
use uuid::Uuid;

use crate::backend::{self, Shared};

/// How long the numbers may take to become right.
const SETTLED: Duration = Duration::from_secs(20);

/// How long they must stay so. An offset counts as accepted until it is known that it has no record, and a homepage
/// polls Kafka every quarter of a second: numbers that are right by chance do not stay.
const STAYS: Duration = Duration::from_secs(1);

/// A homepage that a test starts later.
const LATER: &str = "homepage-2";

/// The services on a topic of their own.
pub(crate) struct Case {
    pub(crate) stack: Stack,
    pub(crate) kafka: Kafka,
    pub(crate) topic: &'static str,
    pub(crate) group: &'static str,
    shared: Arc<Shared>,
}

/// What the page counts: accepted is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) accepted: u64,
    pub(crate) stored: u64,
    pub(crate) without_row: u64,
    pub(crate) expired: u64,
    pub(crate) waiting: u64,
}

impl Numbers {
    /// All that was accepted is stored.
    pub(crate) fn stored(stored: u64) -> Self {
        Self { accepted: stored, stored, ..Self::default() }
    }
}

impl From<&Totals> for Numbers {
    fn from(totals: &Totals) -> Self {
        Self {
            accepted: totals.accepted,
            stored: totals.stored,
            without_row: totals.finished_without_row,
            expired: totals.expired,
            waiting: totals.waiting,
        }
    }
}

impl Case {
    /// A topic of four partitions; `None` where Apache Kafka is not installed.
    pub(crate) async fn start() -> Option<Self> {
        Self::with(4, &[]).await
    }

    /// A topic with so many partitions and these settings, and the services, which are ready.
    pub(crate) async fn with(
        partitions: i32,
        settings: &[(&'static str, &'static str)],
    ) -> Option<Self> {
        Some(Self::on(backend::shared()?, partitions, settings).await)
    }

    /// A topic with so many partitions on a Kafka of its own, which other tests would feel.
    pub(crate) async fn large(partitions: i32) -> Option<Self> {
        Some(Self::on(backend::own()?, partitions, &[]).await)
    }

    async fn on(
        shared: Arc<Shared>,
        partitions: i32,
        settings: &[(&'static str, &'static str)],
    ) -> Self {
        let topic: &str = format!("wild-{}", Uuid::now_v7().simple()).leak();
        let group: &str = format!("{topic}-group").leak();
        let kafka = Kafka::at(shared.broker);
        kafka.create_topic_with(topic, partitions, settings).await;
        let setup = Setup::default().without(BROKER).without(TABLE);
        let vars = [
            ("KAFKA_SERVER", shared.broker.to_string()),
            ("OTS_ENDPOINT", format!("http://{}", shared.table)),
            ("KAFKA_TOPIC", topic.into()),
            ("KAFKA_GROUP", group.into()),
            ("TABLE_NAME", topic.into()),
            ("KAFKA_PARTITIONS", partitions.to_string()),
        ];
        let setup = vars.iter().fold(setup, |setup, (name, value)| setup.var("", name, value));
        let stack = setup.start().await;
        within(SETTLED, "the router is ready", async || stack.is_ready(ROUTER).await).await;
        Self { stack, kafka, topic, group, shared }
    }

    /// The segments of the topic's partitions.
    pub(crate) fn folder(&self, partition: i32) -> PathBuf {
        self.shared.topics().join(format!("{}-{partition}", self.topic))
    }

    /// Sends these records, compressed by this codec, each to its partition.
    pub(crate) async fn send(&self, codec: &str, records: &[(i32, Content)]) -> Vec<Position> {
        self.kafka.send_all(self.topic, codec, records).await
    }

    /// The dead letters of the topic.
    pub(crate) async fn dead_letters(&self) -> BTreeMap<Position, Content> {
        let topic: &str = format!("{}-dead", self.topic).leak();
        self.kafka.contents(topic).await
    }

    pub(crate) async fn totals(&self) -> Totals {
        let totals = self.stack.feed(None, 1).await.totals;
        assert!(totals.add_up(), "they do not add up: {totals:?}");
        totals
    }

    /// Waits until the page counts so. Every answer until then must add up.
    pub(crate) async fn counts(&self, expected: Numbers) -> Totals {
        let mut totals = self.totals().await;
        let started = Instant::now();
        within(SETTLED * 2, "the numbers are right", async || {
            totals = self.totals().await;
            let are_right = Numbers::from(&totals) == expected;
            assert!(are_right || started.elapsed() < SETTLED, "{totals:?}, and not {expected:?}");
            are_right
        })
        .await;
        totals
    }

    /// Waits until the group has committed the end of each partition, and the page counts so and has these texts, once
    /// each. Then restarts the homepage, and starts another one: both must say the same, and go on saying it.
    pub(crate) async fn shows(&mut self, expected: Numbers, texts: &[String]) {
        self.is_committed().await;
        self.counts(expected).await;
        assert_eq!(self.texts(HOMEPAGE).await, sorted(texts));
        self.restart_homepage().await;
        self.counts(expected).await;
        assert_eq!(self.texts(HOMEPAGE).await, sorted(texts), "after a restart of the homepage");
        let later = self.stack.add_homepage(LATER).await;
        within(SETTLED, "a homepage that was started later says the same", async || {
            let feed = later.feed(None, MAX_BULLETS).await.expect("an answer to GET /feed");
            Numbers::from(&feed.totals) == expected
        })
        .await;
        assert_eq!(self.texts(LATER).await, sorted(texts), "started later");
        self.counts_steadily(expected).await;
    }

    /// Waits until the page counts so, and goes on counting so.
    async fn counts_steadily(&self, expected: Numbers) {
        let mut right_since = None;
        within(SETTLED, "the numbers stay right", async || {
            let is_right = Numbers::from(&self.totals().await) == expected;
            right_since = is_right.then(|| right_since.unwrap_or_else(Instant::now));
            right_since.is_some_and(|since| since.elapsed() >= STAYS)
        })
        .await;
    }

    /// Kills the homepage, starts it again and waits until it is ready.
    pub(crate) async fn restart_homepage(&mut self) {
        self.stack.kill(HOMEPAGE).await;
        self.stack.start_again(HOMEPAGE).await;
        within(SETTLED, "the homepage is ready", async || self.stack.is_ready(HOMEPAGE).await)
            .await;
    }

    /// The texts of all bullets that a homepage has, sorted.
    pub(crate) async fn texts(&self, homepage: &str) -> Vec<String> {
        let homepage = self.stack.homepage_at(homepage);
        let feed = homepage.feed(None, MAX_BULLETS).await.expect("an answer to GET /feed");
        let texts: Vec<_> = feed.bullets.into_iter().map(|bullet| bullet.message).collect();
        sorted(&texts)
    }

    /// All bullets by their position.
    pub(crate) async fn bullets(&self) -> BTreeMap<Position, Bullet> {
        let feed = self.stack.feed(None, MAX_BULLETS).await;
        feed.bullets.into_iter().map(|bullet| (bullet.position(), bullet)).collect()
    }

    /// Waits until the group has committed the end of every partition, also where the end has no message.
    pub(crate) async fn is_committed(&self) {
        self.is_committed_within(SETTLED).await;
    }

    /// The same, where there is so much that it takes longer.
    pub(crate) async fn is_committed_within(&self, deadline: Duration) {
        within(deadline, "the group has committed the end of each partition", async || {
            // Again each time: Kafka writes the marker of a transaction a while after its producer has ended it.
            let ends = self.kafka.high_watermarks(self.topic).await;
            let committed = self.kafka.committed_in(self.topic, self.group).await;
            ends.iter().all(|(partition, end)| committed.get(partition) == Some(end))
        })
        .await;
    }

    /// What `/messages/{partition}/{offset}` says of a message.
    pub(crate) async fn state(&self, at: Position) -> Value {
        let path = format!("/messages/{}/{}", at.partition, at.offset);
        self.stack.homepage().get(&path).await.expect("the homepage answers").body["state"].clone()
    }

    /// The problem of this part that the page shows; `Null` while there is none.
    pub(crate) async fn problem(&self, part: &str) -> Value {
        let problems = self.stack.feed(None, 1).await.problems;
        problems.into_iter().find(|problem| problem["part"] == part).unwrap_or_default()
    }
}

/// A message as homepages write it, in a burst of its own.
pub(crate) fn message(text: &str) -> Content {
    Content::message(value(text))
}

/// The value of a message's record.
pub(crate) fn value(text: &str) -> String {
    let burst = Uuid::now_v7();
    message_value(&MessageId { burst, sender: 1, seq: 1 }, text)
}

/// So many messages with texts that start with `name`, over so many partitions in rotation; and their texts.
pub(crate) fn messages(
    name: &str,
    number: usize,
    partitions: i32,
) -> (Vec<(i32, Content)>, Vec<String>) {
    let texts: Vec<_> = (0..number).map(|n| format!("{name} {n} {}", "la ".repeat(20))).collect();
    // A text has neither blanks at its ends.
    let texts: Vec<_> = texts.iter().map(|text| text.trim_end().to_owned()).collect();
    let partitions = (0..partitions).cycle();
    let records = texts.iter().zip(partitions).map(|(text, at)| (at, message(text))).collect();
    (records, texts)
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

//! The variables for Kafka, and the settings that all clients share. The names of the variables are the
//! article's, and a few more.

use std::str::FromStr;
use std::time::Duration;

use rdkafka::ClientConfig;

use super::denial::{Access, Operation};
use super::group::Group;
use super::security::Security;
use crate::config::{Reader, Variable};
use crate::position::Topic;

const KAFKA_SERVER: Variable = Variable::required(
    "KAFKA_SERVER",
    "host:port, or several separated by commas",
    "The bootstrap servers of Kafka.",
);
const KAFKA_TOPIC: Variable = Variable::new(
    "KAFKA_TOPIC",
    "barrage-info",
    "1 to 249 of a-z A-Z 0-9 . _ -",
    "The topic of the messages.",
);
const KAFKA_PARTITIONS: Variable = Variable::new(
    "KAFKA_PARTITIONS",
    "8",
    "1 to 1000",
    "The number of partitions of a topic that the service creates.",
);
const KAFKA_COMPRESSION: Variable = Variable::new(
    "KAFKA_COMPRESSION",
    "none",
    "none, gzip, snappy, lz4 or zstd",
    "The codec by which the service compresses the records that it sends.",
);
const KAFKA_GROUP: Variable = Variable::new(
    "KAFKA_GROUP",
    "barrage-info-consumer",
    "1 to 249 characters",
    "The consumer group of the router. The homepage reads its committed offsets.",
);

/// Kafka's bootstrap servers, as `host:port` with commas between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(String);

impl FromStr for Servers {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let server = |text: &str| {
            let (host, port) = text.trim().rsplit_once(':')?;
            let plain = !host.is_empty() && !host.contains(['/', ' ']);
            (plain && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(())
        };
        text.split(',').try_for_each(server).map(|()| Self(text.replace(' ', ""))).ok_or(())
    }
}

/// A codec of Kafka, by the name that it has in `compression.type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compression(String);

impl Compression {
    const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Compression {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::CODECS.contains(&text).then(|| Self(text.to_owned())).ok_or(())
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub topic: Topic,
    /// How many partitions a topic gets when we create it.
    pub partitions: i32,
    pub group: Group,
    /// The first part of each `client.id`, by which Kafka's logs and quotas name clients.
    service: &'static str,
    servers: Servers,
    security: Security,
    /// That of producers.
    pub(super) compression: Compression,
}

impl Config {
    pub fn read(reader: &mut Reader<'_>, service: &'static str) -> Option<Self> {
        let servers = reader.read(&KAFKA_SERVER);
        let security = Security::read(reader);
        // The name of the dead letter topic is longer, by its suffix.
        let topic = reader.read_if(&KAFKA_TOPIC, |topic: &Topic| topic.dead_letter_topic().is_ok());
        let partitions = reader.read_if(&KAFKA_PARTITIONS, |n| (1..=1000).contains(n));
        let group = reader.read(&KAFKA_GROUP);
        let compression = reader.read(&KAFKA_COMPRESSION);
        Some(Self {
            topic: topic?,
            partitions: partitions?,
            group: group?,
            service,
            servers: servers?,
            security: security?,
            compression: compression?,
        })
    }

    /// The access of a client to the topic of messages.
    pub(super) fn access(&self, operation: Operation) -> Access {
        self.access_to(operation, &self.topic)
    }

    pub(super) fn access_to(&self, operation: Operation, topic: &Topic) -> Access {
        let (user, topic, group) = (self.security.user(), topic.clone(), self.group.clone());
        Access { user, operation, topic, group }
    }

    /// The settings that all clients share. `role` is the second part of their `client.id`.
    pub(super) fn client(&self, role: &str) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.servers.0)
            .set("client.id", format!("{}-{role}", self.service))
            // A request for metadata must not create a topic: we create it, with the wanted partitions.
            .set("allow.auto.create.topics", "false")
            // After its restart a broker is found again soon.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false");
        self.security.apply(&mut client);
        client
    }

    /// The settings of consumers that read without joining the group, and commit nothing. They read offsets that
    /// exist. Where these are deleted meanwhile, or librdkafka goes astray behind a corrupt batch, it is an error and
    /// no reason to read the whole partition.
    pub(super) fn standalone_consumer(&self, role: &str) -> ClientConfig {
        let mut client = self.client(role);
        client
            .set("group.id", self.group.as_str())
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            // The end of a partition is told only by an answer without records, which should not take long.
            .set("fetch.wait.max.ms", "20")
            .set("enable.partition.eof", "true")
            .set("check.crcs", "true");
        client
    }
}

/// How long one request to Kafka may take.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Faults, Vars};

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Faults> {
        let vars = Vars::from_iter(pairs.iter().copied());
        config::parse(&vars, |reader| Config::read(reader, "test"))
    }

    #[test]
    fn the_servers_alone_are_enough() {
        let config = read(&[("KAFKA_SERVER", "10.0.0.1:9092, kafka:9093")]).unwrap();
        assert_eq!(config.topic.as_str(), "barrage-info");
        assert_eq!(config.client("consumer").get("client.id"), Some("test-consumer"));
        assert_eq!(
            config.client("consumer").get("bootstrap.servers"),
            Some("10.0.0.1:9092,kafka:9093")
        );
        assert_eq!(config.client("consumer").get("security.protocol"), Some("PLAINTEXT"));
    }

    #[test]
    fn a_user_means_sasl_over_tls() {
        let user = [("KAFKA_SERVER", "k:9092"), ("KAFKA_USER", "u"), ("KAFKA_PWD", "p")];
        let client = read(&user).unwrap().client("producer");
        assert_eq!(client.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(client.get("sasl.mechanism"), Some("PLAIN"));
    }

    #[test]
    fn each_wrong_value_names_its_variable() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("KAFKA_SERVER", &[]),
            ("KAFKA_SERVER", &[("KAFKA_SERVER", "kafka")]),
            ("KAFKA_SERVER", &[("KAFKA_SERVER", "kafka:99999")]),
            ("KAFKA_TOPIC", &[("KAFKA_SERVER", "k:1"), ("KAFKA_TOPIC", "a b")]),
            ("KAFKA_PARTITIONS", &[("KAFKA_SERVER", "k:1"), ("KAFKA_PARTITIONS", "0")]),
            ("KAFKA_COMPRESSION", &[("KAFKA_SERVER", "k:1"), ("KAFKA_COMPRESSION", "brotli")]),
            ("KAFKA_PWD", &[("KAFKA_SERVER", "k:1"), ("KAFKA_USER", "u")]),
            (
                "KAFKA_SECURITY_PROTOCOL",
                &[("KAFKA_SERVER", "k:1"), ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")],
            ),
            (
                "KAFKA_SASL_MECHANISM",
                &[("KAFKA_SERVER", "k:1"), ("KAFKA_SASL_MECHANISM", "GSSAPI")],
            ),
        ];
        for (variable, pairs) in cases {
            let faults = read(pairs).unwrap_err().0;
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].variable, *variable);
        }
    }
}

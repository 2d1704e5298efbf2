//! The event router's variables, and the configuration that is read from them.

use std::time::Duration;

use barrage::config::{self, Faults, Listen, Reader, Seconds, Variable, Vars};
use barrage::kafka::GroupInstanceId;
use barrage::position::Topic;
use barrage::{kafka, telemetry};

use crate::concurrency::Concurrency;
use crate::filter::Filters;
use crate::processors::Sink;

const SINK: Variable = Variable::required(
    "SINK",
    "http://host:port or dns:///host:port, or several separated by commas, or one file:///path",
    "The addresses of the message processors.",
);
const REQ_TIMEOUT: Variable = Variable::new(
    "REQ_TIMEOUT",
    "60",
    "seconds, 1 to 3600",
    "The timeout of one call to a processor.",
);
const RETRY_COUNT: Variable = Variable::new(
    "RETRY_COUNT",
    "5",
    "0 to 1000",
    "How many times a record is sent again after the processor answered RETRY.",
);
const RETRY_INTERVAL: Variable = Variable::new(
    "RETRY_INTERVAL",
    "2",
    "seconds, 1 to 3600",
    "How long a record waits after RETRY before it is sent again.",
);
const FILTERS: Variable = Variable::new(
    "FILTERS",
    "[]",
    "a JSON list of filters, as in Knative's Trigger",
    "Only events that pass every filter are forwarded.",
);
const DEAD_LETTER_TOPIC: Variable = Variable::optional(
    "DEAD_LETTER_TOPIC",
    "1 to 249 of a-z A-Z 0-9 . _ -, different from KAFKA_TOPIC",
    "The topic for records that cannot be processed. If unset: {KAFKA_TOPIC}-dead.",
);
const BATCH_MAX: Variable =
    Variable::new("BATCH_MAX", "500", "1 to 10000", "The maximum number of records in one call.");
const IN_FLIGHT: Variable = Variable::new(
    "IN_FLIGHT",
    "256",
    "1 to 1000",
    "The most calls at the same time to each address. How many are made up to that follows from their answers.",
);
const KAFKA_FETCH_WAIT_MS: Variable = Variable::new(
    "KAFKA_FETCH_WAIT_MS",
    "500",
    "milliseconds, 1 to 60000",
    "How long a broker waits for new records before it sends an empty answer.",
);
const KAFKA_GROUP_INSTANCE_ID: Variable = Variable::optional(
    "KAFKA_GROUP_INSTANCE_ID",
    "1 to 249 of a-z A-Z 0-9 . _ -, different for each router",
    "Makes the router a static member of its group.",
);
const TRACE_NAME: Variable = Variable::new(
    "TRACE_NAME",
    "event-router",
    "a service name",
    "The service name in the router's spans.",
);

#[derive(Clone, Debug)]
pub struct Config {
    /// For `/healthz`, `/readyz` and `/metrics`: the router has no other port.
    pub listen: Listen,
    pub kafka: kafka::Config,
    pub telemetry: telemetry::Config,
    pub(crate) sink: Sink,
    pub(crate) filters: Filters,
    pub(crate) dead_letter_topic: Topic,
    pub(crate) limits: Limits,
    pub(crate) fetch_wait: Duration,
    pub(crate) group_instance_id: Option<GroupInstanceId>,
    pub(crate) trace_name: String,
}

/// The limits of calls to processors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) call_timeout: Duration,
    /// How many more attempts a record gets that the processor answers with RETRY.
    pub(crate) retry_count: u32,
    /// How long such a record waits between two attempts.
    pub(crate) retry_interval: Duration,
    /// The most records in one call.
    pub(crate) batch_max: usize,
    /// The most calls at once to each address.
    pub(crate) in_flight: usize,
}

impl Limits {
    /// How many records may be in flight with this many addresses: as many may wait as calls carry, so that a call
    /// that ends is followed at once. Many calls have few records, so this does not count both at their most.
    pub(crate) fn window(&self, addresses: usize) -> usize {
        let in_few_calls = self.batch_max * self.in_flight.min(Concurrency::FEW);
        addresses.max(1) * in_few_calls.max(self.in_flight) * 2
    }
}

impl Config {
    /// # Errors
    /// All problems of the variables at once.
    pub fn parse(vars: &Vars) -> Result<Self, Faults> {
        config::parse(vars, Self::read)
    }

    /// The variables that it reads, for `--help`.
    pub fn variables() -> Vec<Variable> {
        config::variables_of(Self::read)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listen = Listen::read(reader);
        let kafka = kafka::Config::read(reader, "event-router");
        let sink = reader.read(&SINK);
        let call_timeout = reader.read::<Seconds>(&REQ_TIMEOUT);
        let retry_count = reader.read_if(&RETRY_COUNT, |n| *n <= 1000);
        let retry_interval = reader.read::<Seconds>(&RETRY_INTERVAL);
        let filters = reader.read(&FILTERS);
        let dead_letter_topic = reader.read_optional::<Topic>(&DEAD_LETTER_TOPIC);
        let batch_max = reader.read_if(&BATCH_MAX, |n| (1..=proto::MAX_RECORDS).contains(n));
        let in_flight = reader.read_if(&IN_FLIGHT, |n| (1..=1000).contains(n));
        let fetch_wait = reader.read_if(&KAFKA_FETCH_WAIT_MS, |ms| (1..=60_000).contains(ms));
        let group_instance_id = reader.read_optional(&KAFKA_GROUP_INSTANCE_ID);
        let telemetry = telemetry::Config::read(reader);
        let trace_name = reader.read(&TRACE_NAME);
        let kafka = kafka?;
        let dead_letter_topic =
            dead_letter_topic?.or_else(|| kafka.topic.dead_letter_topic().ok())?;
        if dead_letter_topic == kafka.topic {
            reader.fault(&DEAD_LETTER_TOPIC);
        }
        let limits = Limits {
            call_timeout: call_timeout?.0,
            retry_count: retry_count?,
            retry_interval: retry_interval?.0,
            batch_max: batch_max?,
            in_flight: in_flight?,
        };
        Some(Self {
            listen: listen?,
            kafka,
            telemetry: telemetry?,
            sink: sink?,
            filters: filters?,
            dead_letter_topic,
            limits,
            fetch_wait: Duration::from_millis(fetch_wait?),
            group_instance_id: group_instance_id?,
            trace_name: trace_name?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: [(&str, &str); 2] = [("KAFKA_SERVER", "k:9092"), ("SINK", "http://p:8080")];

    fn parse(more: &[(&str, &str)]) -> Result<Config, Faults> {
        Config::parse(&Vars::from_iter(BASE.iter().chain(more).copied()))
    }

    #[test]
    fn only_kafka_and_the_sink_are_required() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.dead_letter_topic.as_str(), "barrage-info-dead");
        assert_eq!(config.limits.call_timeout, Duration::from_secs(60));
    }

    #[test]
    fn a_batch_has_no_more_records_than_a_call_may_have() {
        let batch_max = |max: usize| parse(&[("BATCH_MAX", &max.to_string())]);
        assert_eq!(batch_max(proto::MAX_RECORDS).unwrap().limits.batch_max, proto::MAX_RECORDS);
        assert!(batch_max(proto::MAX_RECORDS + 1).is_err());
        assert_eq!(BATCH_MAX.expected, format!("1 to {}", proto::MAX_RECORDS));
    }

    #[test]
    fn the_window_has_room_for_as_many_records_as_calls_carry_and_for_as_many_that_wait() {
        let window = |batch_max, in_flight, addresses| {
            let limits = Limits { batch_max, in_flight, ..parse(&[]).unwrap().limits };
            limits.window(addresses)
        };
        assert_eq!(window(50, 1, 1), 100);
        assert_eq!(window(500, 256, 0), 4000);
        assert_eq!(window(500, 256, 3), 12_000);
        assert_eq!(window(1, 256, 1), 512);
    }

    #[test]
    fn each_wrong_value_names_its_variable() {
        for (variable, value) in [
            ("SINK", "p:8080"),
            ("SINK", "file://processors"),
            ("REQ_TIMEOUT", "0"),
            ("RETRY_COUNT", "-1"),
            ("RETRY_INTERVAL", "soon"),
            ("FILTERS", r#"[{"cesql":"true"}]"#),
            ("DEAD_LETTER_TOPIC", "barrage-info"),
            ("BATCH_MAX", "0"),
            ("IN_FLIGHT", "many"),
            ("KAFKA_FETCH_WAIT_MS", "0"),
            ("KAFKA_GROUP_INSTANCE_ID", "router 1"),
            ("PORT", "65536"),
            ("TRACING", "jaeger"),
        ] {
            let faults = parse(&[(variable, value)]).unwrap_err().0;
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].variable, variable);
            assert_eq!(faults[0].seen.as_deref(), Some(value));
        }
    }
}

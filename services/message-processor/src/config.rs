//! The message processor's variables, and the configuration that is read from them.

use barrage::config::{self, Faults, Listen, Reader, Variable, Vars};
use barrage::position::Topic;
use barrage::{table, telemetry};

use crate::moderation::BlockedWords;

const BLOCKED_WORDS: Variable = Variable::optional(
    "BLOCKED_WORDS",
    "words separated by commas",
    "A message is stored but not shown if one of these words is in it or in the name of its sender, also inside another word.",
);
const WORK_MS: Variable = Variable::new(
    "WORK_MS",
    "0",
    "milliseconds, 0 to 60000",
    "Simulated work for each message, to make scaling visible.",
);
const CONTAINER_CONCURRENCY: Variable = Variable::new(
    "CONTAINER_CONCURRENCY",
    "100",
    "1 to 10000",
    "The maximum number of calls at the same time. Further calls wait briefly and are then refused.",
);
const DEMO_CONTROLS: Variable = Variable::new(
    "DEMO_CONTROLS",
    "false",
    "true or false",
    "Whether anybody who reaches the port may change WORK_MS while the processor runs: PUT /work-ms.",
);
const TABLE_CREATE: Variable = Variable::new(
    "TABLE_CREATE",
    "true",
    "true or false",
    "Whether the processor creates the table if it does not exist.",
);
const KAFKA_TOPIC: Variable = Variable::new(
    "KAFKA_TOPIC",
    "barrage-info",
    "1 to 249 of a-z A-Z 0-9 . _ -",
    "The topic of CloudEvents over HTTP that do not name one.",
);
const TRACE_NAME2: Variable = Variable::new(
    "TRACE_NAME2",
    "receiver",
    "a service name",
    "The service name in the processor's spans.",
);

#[derive(Clone, Debug)]
pub struct Config {
    pub telemetry: telemetry::Config,
    pub(crate) listen: Listen,
    pub(crate) table: table::Config,
    pub(crate) table_create: bool,
    pub(crate) blocked: BlockedWords,
    /// The simulated work for each message, in milliseconds.
    pub(crate) work_ms: u64,
    pub(crate) demo_controls: bool,
    pub(crate) concurrency: usize,
    pub(crate) topic: Topic,
    pub(crate) trace_name: String,
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
        let blocked = reader.read_optional::<BlockedWords>(&BLOCKED_WORDS);
        let work_ms = reader.read_if(&WORK_MS, |ms| *ms <= 60_000);
        let concurrency = reader.read_if(&CONTAINER_CONCURRENCY, |n| (1..=10_000).contains(n));
        let demo_controls = reader.read(&DEMO_CONTROLS);
        let table_create = reader.read(&TABLE_CREATE);
        let topic = reader.read(&KAFKA_TOPIC);
        let table = table::Config::read(reader);
        let trace_name = reader.read(&TRACE_NAME2);
        let telemetry = telemetry::Config::read(reader);
        Some(Self {
            telemetry: telemetry?,
            listen: listen?,
            table: table?,
            table_create: table_create?,
            blocked: blocked?.unwrap_or_default(),
            work_ms: work_ms?,
            demo_controls: demo_controls?,
            concurrency: concurrency?,
            topic: topic?,
            trace_name: trace_name?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Parses the required variables and `more`.
    pub(crate) fn parse(more: &[(&str, &str)]) -> Result<Config, Faults> {
        let needed = [("OTS_ENDPOINT", "http://t:1"), ("OTS_KEYID", "k"), ("OTS_SECRET", "hush")];
        Config::parse(&Vars::from_iter(needed.iter().chain(more).copied()))
    }

    #[test]
    fn only_the_table_is_required() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.listen.address.to_string(), "0.0.0.0:8080");
        assert_eq!(config.topic.as_str(), "barrage-info");
        assert_eq!(config.concurrency, 100);
        assert_eq!(config.work_ms, 0);
        assert!(config.table_create && !config.demo_controls);
        let missing = Config::parse(&Vars::default()).unwrap_err().0;
        let names: Vec<_> = missing.iter().map(|fault| fault.variable).collect();
        assert_eq!(names, ["OTS_ENDPOINT", "OTS_KEYID", "OTS_SECRET"]);
    }

    #[test]
    fn each_wrong_value_names_its_variable() {
        for (variable, value) in [
            ("HOST", "localhost"),
            ("PORT", "65536"),
            ("WORK_MS", "60001"),
            ("CONTAINER_CONCURRENCY", "0"),
            ("DEMO_CONTROLS", "1"),
            ("TABLE_CREATE", "yes"),
            ("KAFKA_TOPIC", "a b"),
            ("TRACING", "x"),
        ] {
            let faults = parse(&[(variable, value)]).unwrap_err().0;
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].variable, variable);
        }
    }
}

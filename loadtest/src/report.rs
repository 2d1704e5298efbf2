//! The report of a run: what `--json` writes, `--html` draws and `compare` reads.
//!
//! Its format is public. `report.schema.json` is generated from these types, with
//! their doc comments as descriptions. A change that a reader of reports would notice
//! needs a new version in [`SCHEMA`].

mod compare;
mod file;
mod html;
#[cfg(test)]
pub(crate) mod sample;
mod summary;
mod verdict;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

pub(crate) use self::compare::Comparison;
pub(crate) use self::html::render;
pub(crate) use self::summary::Summary;

/// Name and version of this format.
pub(crate) const SCHEMA: &str = "barrage.loadtest/1";

/// One run of the load tester.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Name and version of this format: `barrage.loadtest/1`.
    pub(crate) schema: String,
    /// The URL of the barrage that was measured, without user and password.
    pub(crate) url: String,
    /// Whether any certificate was accepted (`--insecure`), so that it is not known who answered.
    /// Older reports do not have it.
    #[serde(default)]
    pub(crate) accepts_any_certificate: bool,
    /// The start of the run: the time at which the first message was due. RFC 3339, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) started_at: jiff::Timestamp,
    /// The duration in seconds, until the last message was settled or the time was up.
    pub(crate) took_s: f64,
    /// Whether a person ended the run early. The report then covers the time until the end, and
    /// messages that were still open count as `unsettled`, not as `lost`.
    pub(crate) interrupted: bool,
    /// The load that was requested.
    pub(crate) plan: Plan,
    /// The machine on which the load tester ran.
    pub(crate) environment: Environment,
    /// The result of every accepted message, as counts.
    pub(crate) ledger: Ledger,
    /// How many messages were sent, at which rate, and which requests failed.
    pub(crate) sending: Sending,
    /// The latencies of the whole run, in milliseconds.
    pub(crate) latency: Latencies,
    /// What the simulated viewers received. `null` if the run had no viewers.
    pub(crate) viewers: Option<Viewers>,
    /// What the guests of the mode `audience` met. `null` in other modes; older reports do not have it.
    #[serde(default)]
    pub(crate) audience: Option<Audience>,
    /// The expectations of the run (`--expect`), each with its result.
    pub(crate) expectations: Vec<Expectation>,
    /// The run second by second.
    pub(crate) seconds: Vec<Second>,
}

/// The load that was requested.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Plan {
    /// How messages are sent. `messages`: one `POST /messages` for each message. `bursts`: bursts
    /// by `POST /bursts`, as the form does. `audience`: one `POST /messages` for each message, by
    /// guests. Empty if the run had only viewers.
    pub(crate) modes: Vec<Mode>,
    /// The stages of the load, in their order. Each mode sends at this rate.
    pub(crate) stages: Vec<Stage>,
    /// The maximum number of requests in flight at the same time in the mode `messages`.
    pub(crate) in_flight: u32,
    /// The number of simulated pages that follow the feed.
    pub(crate) viewers: u32,
    /// The number of guests in the mode `audience`, otherwise 0. Older reports do not have it.
    #[serde(default)]
    pub(crate) guests: u32,
    /// A time limit in seconds. It applies twice after the last stage: to late messages until they
    /// are sent, and then to the last messages until they are settled.
    pub(crate) settle_s: u64,
}

/// A mode of sending.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// One `POST /messages` for each message.
    Messages,
    /// Bursts by `POST /bursts`.
    Bursts,
    /// Guests, each with a device, a name, texts of its own and a cooldown.
    Audience,
}

/// A stage of the load. The rate is constant, or changes linearly from `from` to `to`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Stage {
    /// The rate at the start of the stage, in messages per second.
    pub(crate) from: u32,
    /// The rate at the end of the stage, in messages per second.
    pub(crate) to: u32,
    /// The duration of the stage in seconds.
    pub(crate) seconds: u32,
}

/// The machine on which the load tester ran.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Environment {
    /// The version of the load tester.
    pub(crate) version: String,
    /// The operating system and its version.
    pub(crate) system: String,
    /// The model of the CPU. `null` if the system does not report it.
    pub(crate) cpu: Option<String>,
    /// The number of CPU cores that the load tester may use.
    pub(crate) cores: u32,
    /// The size of the memory in MiB. `null` if the system does not report it.
    pub(crate) memory_mib: Option<u64>,
    /// Whether the processes of barrage run on the same machine.
    pub(crate) local: bool,
}

/// The result of every accepted message. The counts `stored`, `blocked`, `without_row`,
/// `expired`, `lost` and `unsettled` add up to `accepted`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Ledger {
    /// Messages that Kafka has acknowledged, according to the answers of barrage.
    pub(crate) accepted: u64,
    /// Messages that have a row and are shown.
    pub(crate) stored: u64,
    /// Messages that have a row but are not shown, because moderation blocked them.
    pub(crate) blocked: u64,
    /// Messages that ended without a row: they were filtered or dead-lettered.
    pub(crate) without_row: u64,
    /// Messages that Kafka deleted before they were processed. Older reports do not have it.
    #[serde(default)]
    pub(crate) expired: u64,
    /// Messages without a result when the time was up, and messages without a row that homepage and
    /// routers do not report as filtered or dead-lettered.
    pub(crate) lost: u64,
    /// Messages whose result was still unknown when a person ended the run.
    pub(crate) unsettled: u64,
    /// Duplicate rows: the number of rows in excess of one for each message.
    pub(crate) twice: u64,
    /// Messages of bursts whose position is before that of an earlier message of the same sender.
    pub(crate) out_of_order: u64,
    /// Messages with a row whose request failed: Kafka accepted them, but the answer was lost.
    pub(crate) unheard: u64,
    /// Bullets that a viewer received again. The page shows them only once.
    pub(crate) came_again: u64,
    /// Records that the routers filtered during the run, of all senders. `null` if the metrics of
    /// the routers are not known for the whole run.
    pub(crate) filtered: Option<u64>,
    /// Records that the routers dead-lettered during the run, of all senders. `null` if the metrics
    /// of the routers are not known for the whole run.
    pub(crate) dead: Option<u64>,
    /// The first 100 messages that are lost or may be lost. A single message has its ID and
    /// position, a message of a burst has `burst/sender/seq`.
    pub(crate) missing: Vec<String>,
}

/// How many messages were sent, at which rate, and which requests failed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Sending {
    /// Messages that the plan had scheduled until the end of the run.
    pub(crate) due: u64,
    /// Messages of requests that ended, successfully or not, and messages that bursts have sent.
    pub(crate) sent: u64,
    /// The mean rate of acknowledged messages per second, until the last answer.
    pub(crate) accepted_per_s: f64,
    /// The mean rate of settled messages per second, until the last settled message. In a run with
    /// bursts: until the end of the run.
    pub(crate) settled_per_s: f64,
    /// The failed requests, grouped by request and kind of failure.
    pub(crate) failures: Vec<Failure>,
}

/// Requests that failed in the same way.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// The purpose of the requests: `message`, `burst`, `feed`, `result` or `metrics`.
    pub(crate) request: String,
    /// The kind of failure, as text.
    pub(crate) kind: String,
    /// The number of failed requests.
    pub(crate) count: u64,
    /// What a person can do about it. `null` if that is not known.
    pub(crate) hint: Option<String>,
}

/// The latencies of the whole run, in milliseconds. A latency that was not measured is `null`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Latencies {
    /// From the time a message was due to its acknowledgement. A late send counts as latency.
    pub(crate) accept: Option<Latency>,
    /// From the time a message was sent to its acknowledgement. A late send does not count: this is
    /// what a load tester reports that waits for each answer before it sends again.
    pub(crate) accept_naive: Option<Latency>,
    /// From the time a message was due to its bullet in the feed. For a message of a burst: from
    /// the time its sender sent it.
    pub(crate) shown: Option<Latency>,
    /// The duration of the viewers' requests for the feed. Where the homepage knows `wait`, most of
    /// it is the wait for news.
    pub(crate) poll: Option<Latency>,
    /// From the time the homepage made an answer of the feed until a viewer had received it. The
    /// clocks are compared by the quickest answer, which counts as 0. Older reports do not have it.
    #[serde(default)]
    pub(crate) received: Option<Latency>,
}

/// The distribution of a latency, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// The number of measured values.
    pub(crate) count: u64,
    /// The arithmetic mean in milliseconds.
    pub(crate) mean: f64,
    /// The median in milliseconds: 50 % of the values are at most this.
    pub(crate) p50: f64,
    /// 90 % of the values are at most this, in milliseconds.
    pub(crate) p90: f64,
    /// 95 % of the values are at most this, in milliseconds. Older reports do not have it.
    #[serde(default)]
    pub(crate) p95: Option<f64>,
    /// 99 % of the values are at most this, in milliseconds.
    pub(crate) p99: f64,
    /// 99.9 % of the values are at most this, in milliseconds.
    pub(crate) p999: f64,
    /// The largest value in milliseconds.
    pub(crate) max: f64,
}

/// What the simulated viewers received, all of them together.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Viewers {
    /// The number of viewers.
    pub(crate) count: u32,
    /// The number of requests for the feed that were answered.
    pub(crate) polls: u64,
    /// The number of bullets that the viewers received.
    pub(crate) bullets: u64,
    /// The number of bullets that the feed had for them. It is larger than `bullets` where a viewer
    /// received only a sample.
    pub(crate) passed: u64,
    /// The size of all answers in bytes, after decompression.
    pub(crate) bytes: u64,
}

/// What the guests of the mode `audience` met. How long their messages took until the stage had
/// them is the latency `shown`: from the time a guest pressed Send.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Audience {
    /// How many guests the homepage has given a device (a cookie).
    pub(crate) devices: u32,
    /// Messages that were sent later than planned, because every guest was in its cooldown.
    pub(crate) held_back: u64,
    /// Messages that the homepage refused, by the status of its answer.
    pub(crate) refused: Vec<Refused>,
}

/// Messages that were refused with the same status.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Refused {
    /// The status of the answers, such as 429.
    pub(crate) status: u16,
    /// The number of messages.
    pub(crate) count: u64,
}

impl Ledger {
    /// What the routers report of messages without a row, if their metrics are known for the whole run.
    fn routers(&self) -> Option<String> {
        let (filtered, dead) = self.filtered.zip(self.dead)?;
        Some(format!("the routers: {filtered} filtered, {dead} dead-lettered"))
    }
}

impl Latencies {
    /// Those that were measured, by the names that people read.
    fn named(&self) -> impl Iterator<Item = (&'static str, Latency)> {
        let all = [
            ("accepted", self.accept),
            ("accepted, seen naively", self.accept_naive),
            ("in the feed", self.shown),
            ("a viewer's poll", self.poll),
            ("received by a viewer", self.received),
        ];
        all.into_iter().filter_map(|(name, latency)| Some((name, latency?)))
    }
}

impl Audience {
    /// How many messages were refused, with any status.
    pub(crate) fn all_refused(&self) -> u64 {
        self.refused.iter().map(|refused| refused.count).sum()
    }
}

/// One expectation (`--expect`) and its result.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Expectation {
    /// The expectation as it was written.
    pub(crate) text: String,
    /// The measured value. `null` if there was none; then the expectation does not hold.
    pub(crate) measured: Option<f64>,
    /// Whether the expectation holds.
    pub(crate) holds: bool,
}

impl Expectation {
    /// The measured value as people read it.
    fn result(&self) -> String {
        self.measured.map_or("not measured".into(), |it| format!("{it:.3}"))
    }
}

/// One second of the run. Counts are of this second alone. A value that was not measured is `null`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Second {
    /// The end of this second, in seconds since the start of the run.
    pub(crate) at: f64,
    /// Messages that were due.
    pub(crate) due: u64,
    /// Messages whose acknowledgement arrived. For bursts: as barrage has counted them.
    pub(crate) accepted: u64,
    /// Requests that failed in this second.
    pub(crate) failed: u64,
    /// Rows that barrage has counted since the last second with a count, of all senders. `null`
    /// without an answer of the feed in this second.
    pub(crate) stored: Option<u64>,
    /// The number of waiting messages in the last answer of the feed.
    pub(crate) waiting: Option<u64>,
    /// The number of processors in the last answer of the feed: those that stored a message
    /// recently.
    pub(crate) processors: Option<u32>,
    /// The median of the latency `accept` in this second, in milliseconds.
    pub(crate) accept_p50: Option<f64>,
    /// The 99th percentile of the latency `accept` in this second, in milliseconds.
    pub(crate) accept_p99: Option<f64>,
    /// The median of the latency `shown` in this second, in milliseconds.
    pub(crate) shown_p50: Option<f64>,
    /// The 99th percentile of the latency `shown` in this second, in milliseconds.
    pub(crate) shown_p99: Option<f64>,
    /// Requests of viewers for the feed that were answered.
    pub(crate) polls: u64,
    /// The mean number of records in a call from a router to a processor.
    pub(crate) batch: Option<f64>,
    /// Calls of all routers in flight at the moment of the measurement.
    pub(crate) in_flight: Option<f64>,
    /// Calls that all processors were serving at the moment of the measurement.
    pub(crate) processing: Option<f64>,
    /// Requests of all homepages that read the table, per second.
    pub(crate) table_reads: Option<f64>,
    /// The CPU and memory of each process. If barrage runs on the same machine, these are all its
    /// processes, else the services whose `/metrics` can be read. `loadtest` is this program.
    pub(crate) processes: Vec<Process>,
}

/// The CPU and memory of one process in one second.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Process {
    /// The name of the process.
    pub(crate) name: String,
    /// CPU usage in cores: 1 means that one core was busy all the time. `null` in the first second
    /// of a process.
    pub(crate) cpu: Option<f64>,
    /// Resident memory in MiB. `null` while the process does not run.
    pub(crate) rss_mib: Option<f64>,
    /// How many times the process was restarted: by `stack.json`, or in this run by its metrics.
    pub(crate) restarts: u32,
}

/// The JSON Schema of a report, generated from the types.
pub(crate) fn schema() -> Schema {
    schema_for!(Report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../report.schema.json");
        let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(
            committed == schema,
            "write it again: cargo loadtest -- schema > loadtest/report.schema.json"
        );
    }
}

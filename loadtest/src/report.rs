//! The report of a run: what `--json` writes, `--html` draws and `compare` reads.
//!
//! Its form is public. `report.schema.json` is generated from these types, with their doc comments as descriptions. A
//! change that a reader of reports would notice needs a new version in [`SCHEMA`].

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

/// Name and version of this form.
pub(crate) const SCHEMA: &str = "barrage.loadtest/1";

/// One run of the load tester.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Report {
    /// `barrage.loadtest/1`.
    pub(crate) schema: String,
    /// The barrage that was measured.
    pub(crate) url: String,
    /// When the first message was due.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) started_at: jiff::Timestamp,
    /// How long all of it took, until the last message was settled. In seconds.
    pub(crate) took_s: f64,
    /// A person ended the run before its time: what was measured until then stands, and no message counts as lost.
    pub(crate) interrupted: bool,
    /// What was asked for.
    pub(crate) plan: Plan,
    /// Where it ran.
    pub(crate) environment: Environment,
    /// What became of every message.
    pub(crate) ledger: Ledger,
    /// What was sent, and how it was answered.
    pub(crate) sending: Sending,
    /// How long things took.
    pub(crate) latency: Latencies,
    /// The viewers, where the run had any.
    pub(crate) viewers: Option<Viewers>,
    /// What was expected of the run, and whether it was so.
    pub(crate) expectations: Vec<Expectation>,
    /// The course of it, second by second.
    pub(crate) seconds: Vec<Second>,
}

/// What was asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Plan {
    /// `messages`: each one by `POST /messages`. `bursts`: by `POST /bursts`, as the form does. Both, or, with
    /// viewers alone, neither.
    pub(crate) modes: Vec<Mode>,
    /// How many messages per second were due, stage by stage; in each of the modes.
    pub(crate) stages: Vec<Stage>,
    /// How many requests of the mode `messages` were under way at the most.
    pub(crate) in_flight: u32,
    /// How many pages were simulated that poll the feed.
    pub(crate) viewers: u32,
    /// How long messages that were late had to be sent after the last stage, and then the last ones to become
    /// settled. In seconds.
    pub(crate) settle_s: u64,
}

/// A way of sending.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Each message by itself, by `POST /messages`.
    Messages,
    /// Bursts, by `POST /bursts`.
    Bursts,
}

/// A stretch of time with a rate, or from one rate to another.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Stage {
    /// Messages per second when it begins.
    pub(crate) from: u32,
    /// Messages per second when it ends.
    pub(crate) to: u32,
    /// How long it lasts.
    pub(crate) seconds: u32,
}

/// The machine of the load tester.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Environment {
    /// The version of the load tester.
    pub(crate) version: String,
    /// The operating system and its version.
    pub(crate) system: String,
    /// The processor's model, where the system tells.
    pub(crate) cpu: Option<String>,
    /// How many cores it may use.
    pub(crate) cores: u32,
    /// How much memory it has, where the system tells. In MiB.
    pub(crate) memory_mib: Option<u64>,
    /// The barrage's processes, where they run on the same machine.
    pub(crate) local: bool,
}

/// What became of every message that was accepted: each is in exactly one of the lines from `stored` to `lost`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Ledger {
    /// Messages that Kafka has acknowledged, as we were told.
    pub(crate) accepted: u64,
    /// Those with a row, and shown.
    pub(crate) stored: u64,
    /// Those with a row that moderation blocked.
    pub(crate) blocked: u64,
    /// Those that ended without a row: filtered or dead-lettered.
    pub(crate) without_row: u64,
    /// Those that were neither when the time was up, or of which barrage knows nothing.
    pub(crate) lost: u64,
    /// Those that were not settled yet when a person ended the run.
    pub(crate) unsettled: u64,
    /// Messages with two rows.
    pub(crate) twice: u64,
    /// Messages that lie before an earlier one of the same sender.
    pub(crate) out_of_order: u64,
    /// Messages that have a row although their request failed: Kafka had them, but the answer did not reach us.
    pub(crate) unheard: u64,
    /// Bullets that came more than once to a viewer, which its page does not show again.
    pub(crate) came_again: u64,
    /// What the routers have filtered meanwhile, where their metrics can be read.
    pub(crate) filtered: Option<u64>,
    /// What the routers have dead-lettered meanwhile, where their metrics can be read.
    pub(crate) dead: Option<u64>,
    /// The first of those that are lost, by id; of a burst `burst/sender/seq`.
    pub(crate) missing: Vec<String>,
}

/// What was sent, and how it was answered.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Sending {
    /// Messages that were due, until a person ended the run.
    pub(crate) due: u64,
    /// Messages that were sent and answered, or refused, or that a burst has sent.
    pub(crate) sent: u64,
    /// Acknowledged messages per second, from the first that was due to the last that was answered.
    pub(crate) accepted_per_s: f64,
    /// Settled messages per second, from the first that was due to the last that was settled.
    pub(crate) settled_per_s: f64,
    /// Requests that failed, by kind.
    pub(crate) failures: Vec<Failure>,
}

/// Requests that failed in the same way.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// What they were for: `message`, `burst`, `feed`, `result`, `metrics`.
    pub(crate) request: String,
    /// How they failed.
    pub(crate) kind: String,
    /// How many.
    pub(crate) count: u64,
    /// What to do about it, where that is known.
    pub(crate) hint: Option<String>,
}

/// How long things took. In milliseconds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Latencies {
    /// From when a message was due until its acknowledgement had come.
    pub(crate) accept: Option<Latency>,
    /// From when it was sent: what a tester sees that waits for slow answers before it sends on.
    pub(crate) accept_naive: Option<Latency>,
    /// From when a message was due until it was in the feed; for one of a burst, from when its sender sent it.
    pub(crate) shown: Option<Latency>,
    /// The polls of viewers.
    pub(crate) poll: Option<Latency>,
}

/// The distribution of a latency. In milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// How many were measured.
    pub(crate) count: u64,
    /// The mean.
    pub(crate) mean: f64,
    /// The median.
    pub(crate) p50: f64,
    /// 90 % were at most so long.
    pub(crate) p90: f64,
    /// 99 % were at most so long.
    pub(crate) p99: f64,
    /// 99.9 % were at most so long.
    pub(crate) p999: f64,
    /// The longest.
    pub(crate) max: f64,
}

/// What the viewers saw.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Viewers {
    /// How many there were.
    pub(crate) count: u32,
    /// How often they asked.
    pub(crate) polls: u64,
    /// How many bullets they got.
    pub(crate) bullets: u64,
    /// How many bullets there were for them: more, where they got a sample.
    pub(crate) passed: u64,
    /// The bytes of all answers, decompressed.
    pub(crate) bytes: u64,
}

/// One expectation.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Expectation {
    /// As it was written.
    pub(crate) text: String,
    /// What was measured; nothing where there was nothing to measure, and then it does not hold.
    pub(crate) measured: Option<f64>,
    /// Whether it is so.
    pub(crate) holds: bool,
}

/// One second of the run. What is counted is what came in this second; what could not be measured is left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Second {
    /// Its end, in seconds since the first message was due.
    pub(crate) at: f64,
    /// Messages that were due.
    pub(crate) due: u64,
    /// Messages whose acknowledgement came; of bursts, what barrage has counted.
    pub(crate) accepted: u64,
    /// Requests that failed.
    pub(crate) failed: u64,
    /// Rows that barrage has counted since it last told how many, whoever sent them; nothing while it tells none.
    pub(crate) stored: Option<u64>,
    /// Messages that wait, as barrage says.
    pub(crate) waiting: Option<u64>,
    /// Processors that have stored something lately.
    pub(crate) processors: Option<u32>,
    /// The latencies of this second, in milliseconds.
    pub(crate) accept_p50: Option<f64>,
    /// See `accept_p50`.
    pub(crate) accept_p99: Option<f64>,
    /// See `accept_p50`.
    pub(crate) shown_p50: Option<f64>,
    /// See `accept_p50`.
    pub(crate) shown_p99: Option<f64>,
    /// Polls of viewers.
    pub(crate) polls: u64,
    /// Records in a call of the routers to the processors, on average.
    pub(crate) batch: Option<f64>,
    /// Calls of the routers that were under way when they were asked.
    pub(crate) in_flight: Option<f64>,
    /// Calls that the processors worked on when they were asked.
    pub(crate) processing: Option<f64>,
    /// Requests per second by which the homepages read the table.
    pub(crate) table_reads: Option<f64>,
    /// What each process has used: all of them where barrage runs on the same machine, else the services that tell it
    /// at `/metrics`; `loadtest` is this program.
    pub(crate) processes: Vec<Process>,
}

/// What a process has used.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Process {
    /// Its name.
    pub(crate) name: String,
    /// How many cores it kept busy: 1 is one of them all the time. Nothing in the second in which it began.
    pub(crate) cpu: Option<f64>,
    /// The memory it holds, in MiB. Nothing while it does not run.
    pub(crate) rss_mib: Option<f64>,
    /// How often it was started again.
    pub(crate) restarts: u32,
}

/// The form of a report as a JSON Schema. It is generated from the types, so it cannot differ from them.
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

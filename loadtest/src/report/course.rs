//! The course of a run, second by second.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

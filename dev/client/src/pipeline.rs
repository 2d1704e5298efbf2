//! The answer to `GET /pipeline`, as far as we read it. `None` is what nobody knows or says.

use serde::Deserialize;
use serde_json::Value;

/// How much comes, waits and is finished, and what each processor does.
#[derive(Clone, Debug, Deserialize)]
pub struct Pipeline {
    /// Messages per second, the mean of two seconds.
    #[serde(rename = "in")]
    pub accepted: Option<f64>,
    #[serde(rename = "out")]
    pub finished: Option<f64>,
    pub waiting: Option<u64>,
    pub calls: Option<u64>,
    pub ready: Option<u64>,
    pub wanted: Option<u64>,
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub cold_start_ms: Option<u64>,
    /// Where the tour is, if one plays.
    pub tour: Option<Tour>,
    pub zero_in_ms: Option<u64>,
    /// By slot.
    pub processors: Vec<Lane>,
    pub down: Vec<Down>,
    /// Each with `at`, `ago_ms`, `kind` and what belongs to its kind, oldest first.
    pub events: Vec<Value>,
    pub history: History,
}

/// A step of the tour, counted from 1.
#[derive(Clone, Debug, Deserialize)]
pub struct Tour {
    pub step: String,
    pub number: u64,
    pub of: u64,
}

/// One processor.
#[derive(Clone, Debug, Deserialize)]
pub struct Lane {
    pub slot: Option<u64>,
    pub name: String,
    pub state: String,
    pub for_ms: u64,
    /// Rows per second.
    pub rate: f64,
    /// Calls under way.
    pub calls: f64,
}

/// A part that does not answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Down {
    pub part: String,
    pub for_ms: u64,
    pub frozen: bool,
}

/// The last ninety seconds, oldest first.
#[derive(Clone, Debug, Deserialize)]
pub struct History {
    #[serde(rename = "in")]
    pub accepted: Vec<Option<f64>>,
    #[serde(rename = "out")]
    pub finished: Vec<Option<f64>>,
    pub waiting: Vec<Option<u64>>,
    pub ready: Vec<Option<u64>>,
    pub wanted: Vec<Option<u64>>,
    pub lives: Vec<Life>,
}

/// The life of one processor, in milliseconds ago.
#[derive(Clone, Debug, Deserialize)]
pub struct Life {
    pub slot: Option<u64>,
    pub name: String,
    pub from_ms: u64,
    pub ready_ms: Option<u64>,
    pub draining_ms: Option<u64>,
    pub until_ms: Option<u64>,
}

impl Pipeline {
    /// The events of this kind.
    pub fn events_of(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["kind"] == kind).collect()
    }

    /// The part, if it is down.
    pub fn down(&self, part: &str) -> Option<&Down> {
        self.down.iter().find(|it| it.part == part)
    }
}

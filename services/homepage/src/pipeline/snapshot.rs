//! The body of `GET /pipeline`.

use barrage::time::{Millis, Rfc3339};
use serde::Serialize;
use serde_json::{Map, Value};

use super::history::HistoryJson;
use super::lives::LifeJson;
use super::moments::Moment;
use super::rates::rounded;
use crate::launcher::scaling::{Scaling, Tour};

/// All that a page needs for the picture of the pipeline. What nobody knows or says is null.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot<'a> {
    pub(super) now: Rfc3339,
    pub(super) r#in: Option<f64>,
    pub(super) out: Option<f64>,
    pub(super) waiting: Option<u64>,
    pub(super) calls: Option<u64>,
    pub(super) ready: Option<u64>,
    #[serde(flatten)]
    pub(super) scaling: ScalingJson<'a>,
    pub(super) processors: Vec<LaneJson>,
    pub(super) down: Vec<DownJson>,
    pub(super) events: Vec<EventJson>,
    pub(super) history: WithLives<'a>,
}

/// What only the launcher says.
#[derive(Debug, Default, Serialize)]
pub(super) struct ScalingJson<'a> {
    wanted: Option<u64>,
    min: Option<u64>,
    max: Option<u64>,
    mode: Option<&'a str>,
    reason: Option<Reason>,
    places: Option<u64>,
    panic: Option<bool>,
    cold_start_ms: Option<u64>,
    tour: Option<&'a Tour>,
    zero_in_ms: Option<u64>,
}

/// Why so many processors are wanted: `calls` divided by `target`, and rounded up, within the autoscaler's limits.
#[derive(Clone, Copy, Debug, Serialize)]
struct Reason {
    calls: f64,
    target: f64,
}

/// A processor.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LaneJson {
    pub(super) slot: Option<u64>,
    pub(super) name: String,
    pub(super) state: LaneState,
    pub(super) for_ms: i64,
    pub(super) rate: f64,
    pub(super) calls: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LaneState {
    Starting,
    Ready,
    /// It died within the last minute, and is ready again.
    Back,
    Draining,
    Died,
    Frozen,
    Gone,
}

/// A part that gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DownJson {
    pub(super) part: String,
    pub(super) for_ms: i64,
    /// Somebody has stopped its process for some seconds.
    pub(super) frozen: bool,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct EventJson {
    pub(super) at: Rfc3339,
    ago_ms: i64,
    #[serde(flatten)]
    what: Told,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Told {
    Own(Moment),
    Launcher(Map<String, Value>),
}

#[derive(Debug, Serialize)]
pub(super) struct WithLives<'a> {
    #[serde(flatten)]
    pub(super) history: HistoryJson,
    pub(super) lives: Vec<LifeJson<'a>>,
}

impl<'a> ScalingJson<'a> {
    pub(super) fn of(scaling: &'a Scaling) -> Self {
        let reason = scaling.calls.zip(scaling.target);
        let reason = reason.map(|(calls, target)| Reason { calls: rounded(calls), target });
        Self {
            wanted: Some(scaling.wanted),
            min: Some(scaling.min),
            max: Some(scaling.max),
            mode: Some(&scaling.mode),
            reason,
            places: scaling.concurrency,
            panic: Some(scaling.panic),
            cold_start_ms: scaling.cold_start_ms,
            tour: scaling.tour.as_ref(),
            zero_in_ms: scaling.zero_in_ms,
        }
    }
}

impl EventJson {
    /// `None` if that was too long ago.
    pub(super) fn of(at: Millis, what: Told, now: Millis, shown_ms: i64) -> Option<Self> {
        let ago_ms = (now.0 - at.0).max(0);
        (ago_ms < shown_ms).then(|| Self { at: at.rfc3339(), ago_ms, what })
    }
}

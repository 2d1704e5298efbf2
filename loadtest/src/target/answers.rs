//! What barrage answers, as far as we read it.

use serde::Deserialize;
use uuid::Uuid;

use crate::ledger::Place;

/// What `POST /messages` answers.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) id: Uuid,
    #[serde(flatten)]
    pub(crate) place: Place,
}

/// What `POST /bursts` and `GET /bursts/{id}` answer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Burst {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
}

impl Burst {
    /// Whether nothing of it changes any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "done" | "stopped" | "failed")
    }
}

/// A row: a bullet of the feed, or a line of results.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) message: String,
    pub(crate) burst: Uuid,
    pub(crate) sender: u32,
    pub(crate) seq: u64,
    #[serde(flatten)]
    pub(crate) place: Place,
    /// In milliseconds since the epoch, by the homepage's clock.
    pub(crate) sent_at: i64,
    /// `shown` or `blocked`; bullets are shown.
    #[serde(default)]
    pub(crate) verdict: Option<String>,
}

impl Row {
    pub(crate) fn is_blocked(&self) -> bool {
        self.verdict.as_deref() == Some("blocked")
    }
}

/// What became of a message.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) row: Option<Row>,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Waiting,
    Stored,
    FinishedWithoutRow,
}

/// What `GET /feed` answers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Feed {
    pub(crate) bullets: Vec<Row>,
    pub(crate) cursor: String,
    pub(crate) passed: u64,
    pub(crate) totals: Totals,
    pub(crate) processors: Vec<String>,
    pub(crate) poll_after_ms: u32,
    /// The homepage's clock, in milliseconds since the epoch.
    pub(crate) now: i64,
}

/// Barrage's own account.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Totals {
    /// From when on it counts.
    pub(crate) since: Option<String>,
    pub(crate) accepted: u64,
    pub(crate) stored: u64,
    pub(crate) finished_without_row: u64,
    pub(crate) waiting: u64,
}

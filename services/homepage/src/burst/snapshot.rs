//! A burst at one moment, as the API describes it.

use barrage::table::{BurstRow, State, StopReason};
use barrage::time::Rfc3339;
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) id: Uuid,
    pub(crate) state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_reason: Option<StopReason>,
    pub(crate) message: String,
    pub(crate) concurrency: u32,
    pub(crate) duration: u32,
    pub(crate) rate: u32,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) stored: u64,
    pub(crate) blocked: u64,
    pub(crate) expired: u64,
    pub(crate) started_at: Rfc3339,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Rfc3339>,
}

/// The last heartbeat of a burst that has ended is its end.
impl From<BurstRow> for Snapshot {
    fn from(row: BurstRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            stop_reason: row.stop_reason,
            message: row.message,
            concurrency: row.concurrency,
            duration: row.duration,
            rate: row.rate,
            accepted: row.accepted,
            failed: row.failed,
            stored: row.stored,
            blocked: row.blocked,
            expired: row.expired,
            started_at: row.started_at.rfc3339(),
            ended_at: row.state.is_final().then(|| row.heartbeat.rfc3339()),
        }
    }
}

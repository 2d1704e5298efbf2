//! What the bursts of this homepage need while they run.

use std::sync::Arc;
use std::time::Duration;

use barrage::table::Table;
use tokio_util::sync::CancellationToken;

use super::recount::Recounter;
use crate::config::Limits;
use crate::producer::MessageProducer;
use crate::reader::progress::Progress;

pub(crate) struct Dependencies {
    pub(crate) producer: Arc<MessageProducer>,
    pub(crate) table: Table,
    pub(crate) progress: Arc<Progress>,
    pub(crate) recounter: Recounter,
    pub(crate) limits: Limits,
    /// The name of this homepage in the rows of its bursts.
    pub(crate) homepage: String,
    /// How long the row of a burst is kept.
    pub(crate) ttl: Duration,
    /// Cancelled when the process must stop: senders stop, and no burst waits for rows any more.
    pub(crate) shutdown: CancellationToken,
    /// Cancelled at the end of the grace period.
    pub(crate) killed: CancellationToken,
}

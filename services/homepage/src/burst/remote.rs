//! Bursts that another homepage runs or ran. Their rows in the table tell how far they are. When the homepage of
//! a burst has died, this homepage counts the burst again and writes its last row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::kafka;
use barrage::retry::pause;
use barrage::shutdown::with_sources;
use barrage::table::{self, BurstRow, State, StopReason, Table};
use barrage::time::Millis;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use super::heartbeats::{Heartbeats, Liveness};
use super::recount::{self, Recounter};
use crate::reader::progress::Progress;

/// A count that many requests may wait for.
type Recount = Shared<BoxFuture<'static, Result<BurstRow, RemoteError>>>;

/// Finds and stops the bursts of other homepages.
pub(crate) struct RemoteBursts {
    recounter: Recounter,
    progress: Arc<Progress>,
    heartbeats: Heartbeats,
    /// The counts that are under way. Each goes on when its request is gone: a large topic takes longer to
    /// count than a person waits.
    recounts: Mutex<HashMap<Uuid, Recount>>,
}

/// Why nothing can be said about a remote burst.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("the table has no such burst")]
    NotFound,
    #[error(transparent)]
    Table(Arc<table::Error>),
    /// Of a count, which says so in the log itself: many requests may wait for it.
    #[error("the records of the burst cannot be counted")]
    Records(#[source] Arc<kafka::Error>),
    /// Of a count, as above.
    #[error("the rows of the burst cannot be counted")]
    Rows(#[source] Arc<table::Error>),
}

impl From<recount::Error> for RemoteError {
    fn from(error: recount::Error) -> Self {
        match error {
            recount::Error::Kafka(error) => Self::Records(Arc::new(error)),
            recount::Error::Table(error) => Self::Rows(Arc::new(error)),
        }
    }
}

impl From<table::Error> for RemoteError {
    fn from(error: table::Error) -> Self {
        Self::Table(Arc::new(error))
    }
}

impl RemoteError {
    /// The same as the error of a count.
    fn of_count(self) -> Self {
        match self {
            Self::Table(error) => Self::Rows(error),
            Self::NotFound | Self::Records(_) | Self::Rows(_) => self,
        }
    }
}

impl RemoteBursts {
    /// How often the row is read again while it is unknown whether its homepage is alive.
    const POLL: Duration = Duration::from_millis(500);
    /// How long one request waits for a count.
    const PATIENCE: Duration = Duration::from_secs(5);

    pub(crate) fn new(recounter: Recounter, progress: Arc<Progress>) -> Self {
        let (heartbeats, recounts) = (Heartbeats::default(), Mutex::default());
        Self { recounter, progress, heartbeats, recounts }
    }

    /// The row of a burst. If its homepage has died, the burst counts as stopped, and is counted first.
    pub(crate) async fn find(self: &Arc<Self>, id: Uuid) -> Result<BurstRow, RemoteError> {
        loop {
            let row = self.row(id).await?;
            if row.state.is_final() {
                return Ok(row);
            }
            match self.heartbeats.observe(id, row.heartbeat, Millis::now(), Instant::now()) {
                Liveness::Alive => return Ok(row),
                Liveness::Unknown => pause(Self::POLL).await,
                Liveness::Dead => return self.counted(row).await,
            }
        }
    }

    /// Requests in the burst's row that its homepage stops it. Returns the row, and whether the burst had already
    /// ended at that time. Its homepage sees it when it writes the row the next time (`run.rs`).
    pub(crate) async fn stop(self: &Arc<Self>, id: Uuid) -> Result<(BurstRow, bool), RemoteError> {
        // Also if its homepage seems to be dead: if it is not, it stops.
        let requested = self.table().request_stop(id).await?;
        let row = self.find(id).await?;
        let had_ended = !requested || row.state.is_final();
        Ok((row, had_ended))
    }

    fn table(&self) -> &Table {
        &self.recounter.results.table
    }

    /// The row of a burst as it was last written.
    pub(crate) async fn row(&self, id: Uuid) -> Result<BurstRow, RemoteError> {
        self.table().burst(id).await?.ok_or(RemoteError::NotFound)
    }

    /// The row of a burst whose homepage has died, after its count. While the count takes too long: the last
    /// row, as draining, because its senders are gone.
    async fn counted(self: &Arc<Self>, row: BurstRow) -> Result<BurstRow, RemoteError> {
        let recount = match self.recounts.lock().entry(row.id) {
            Entry::Occupied(under_way) => under_way.get().clone(),
            Entry::Vacant(place) => place.insert(self.clone().begin_recount(row.clone())).clone(),
        };
        let late = |_| Ok(BurstRow { state: State::Draining, ..row });
        timeout(Self::PATIENCE, recount).await.unwrap_or_else(late)
    }

    fn begin_recount(self: Arc<Self>, row: BurstRow) -> Recount {
        let (id, owner) = (row.id, self.clone());
        let recount = async move { self.recount(row).await.map_err(RemoteError::of_count) };
        let recount = recount.boxed().shared();
        let under_way = recount.clone();
        tokio::spawn(async move {
            if let Err(error) = under_way.await {
                let error = with_sources(&error);
                tracing::warn!(burst = %id, error, "burst {id} cannot be counted now");
            }
            owner.recounts.lock().remove(&id);
        });
        recount
    }

    /// Counts in the topic what was accepted and in the table what was stored. The result becomes the burst's
    /// last row once all of it is finished.
    async fn recount(&self, mut row: BurstRow) -> Result<BurstRow, RemoteError> {
        let counted = self.recounter.count_all(row.id, &row.from).await?;
        // The last heartbeat may know of records that Kafka has deleted, or hides behind an open transaction.
        for (partition, next) in counted.next_offsets {
            let known = row.to.entry(partition).or_default();
            *known = (*known).max(next);
        }
        let accepted = row.accepted.max(counted.found);
        if self.progress.has_expired(&row.from, &row.to) {
            row.expired = accepted - counted.found;
        }
        (row.accepted, row.state) = (accepted, State::Stopped);
        row.stop_reason = Some(StopReason::LostHomepage);
        (row.stored, row.blocked) = (counted.stored, counted.blocked);
        let finished = self.progress.has_finished(&row.to);
        // If its homepage is alive after all and wrote the row meanwhile, that row counts.
        if finished && !self.table().replace_burst(&row, row.heartbeat).await? {
            return self.row(row.id).await;
        }
        Ok(row)
    }
}

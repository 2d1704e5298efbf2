//! All bursts of this homepage.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barrage::table::{BurstRow, Table};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::board::Burst;
use super::life::live;
use super::tally::Tally;
use crate::config::Limits;
use crate::limits::{TooMuch, admit};
use crate::producer::Sender;
use crate::reader::wall::Wall;
use crate::request::{BurstRequest, FieldError, FieldErrors, RATE};

/// What a burst needs.
pub(crate) struct Parts {
    pub(crate) sender: Arc<Sender>,
    pub(crate) table: Table,
    pub(crate) wall: Arc<Wall>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) limits: Limits,
    /// What this homepage calls itself.
    pub(crate) homepage: String,
    /// How long rows are kept.
    pub(crate) ttl: Duration,
    /// The process is told to stop: senders stop, and nobody waits for rows any more.
    pub(crate) shutdown: CancellationToken,
    /// The grace is over.
    pub(crate) killed: CancellationToken,
}

impl Parts {
    pub(super) fn row_of(&self, burst: &Burst) -> BurstRow {
        burst.row(&self.homepage, self.ttl)
    }
}

/// Why a burst was not begun.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// There are too many already.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The process stops, or has not reached Kafka yet.
    #[error("the homepage has not reached kafka yet")]
    NotReady,
}

/// Begins, finds and stops bursts.
pub(crate) struct Bursts {
    parts: Arc<Parts>,
    bursts: Mutex<HashMap<Uuid, Arc<Burst>>>,
    tasks: TaskTracker,
    runtime: Handle,
}

impl Bursts {
    /// How many bursts are known at the most. Those that have ended longest ago make room, and are read from
    /// the table when somebody asks for them.
    const REMEMBERED: usize = 1000;

    /// No burst yet. They run on the current runtime, whoever begins them.
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        let (bursts, tasks) = (Mutex::default(), TaskTracker::new());
        Self { parts, bursts, tasks, runtime: Handle::current() }
    }

    /// Begins a burst.
    ///
    /// # Errors
    /// When there are too many, or when it is not known yet how far the topic reaches.
    pub(crate) fn start(&self, request: BurstRequest) -> Result<Arc<Burst>, StartError> {
        let (run, from) = (self.parts.wall.run(), self.parts.wall.ends());
        if from.is_empty() || self.parts.shutdown.is_cancelled() {
            return Err(StartError::NotReady);
        }
        let mut bursts = self.lock();
        let running: Vec<_> = bursts.values().filter_map(|burst| burst.running()).collect();
        admit(self.parts.limits, &running, &request)?;
        forget_oldest(&mut bursts, Self::REMEMBERED);
        if bursts.len() >= Self::REMEMBERED {
            return Err(TooMuch::too_many_draining().into());
        }
        let id = Uuid::now_v7();
        let rows = self.parts.tally.open(id);
        let stop = self.parts.shutdown.child_token();
        let burst = Arc::new(Burst::new(request, (run, from), rows, id, stop));
        bursts.insert(id, burst.clone());
        drop(bursts);
        self.tasks.spawn_on(live(burst.clone(), self.parts.clone()), &self.runtime);
        Ok(burst)
    }

    /// Whether a burst could run at all, if it were the only one.
    ///
    /// # Errors
    /// When it asks for more messages per second than are ever allowed.
    pub(crate) fn check_rate(&self, request: &BurstRequest) -> Result<(), FieldErrors> {
        let most = self.parts.limits.rate;
        if request.total_rate() <= most {
            return Ok(());
        }
        Err(FieldErrors::from([(RATE.name, FieldError::TotalRate { max: most })]))
    }

    /// A burst of this homepage.
    pub(crate) fn find(&self, id: Uuid) -> Option<Arc<Burst>> {
        self.lock().get(&id).cloned()
    }

    /// Waits until all bursts have ended after a shutdown.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Burst>>> {
        self.bursts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for one more. Ids are UUIDv7: the smallest is the oldest.
fn forget_oldest(bursts: &mut HashMap<Uuid, Arc<Burst>>, keep: usize) {
    let ended = |burst: &&Arc<Burst>| burst.state().is_final();
    if bursts.len() >= keep
        && let Some(oldest) = bursts.values().filter(ended).map(|burst| burst.id).min()
    {
        bursts.remove(&oldest);
    }
}

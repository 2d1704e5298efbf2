//! Starts and finds the bursts that this homepage runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::dependencies::Dependencies;
use super::local::Burst;
use super::owner::Owner;
use super::run::run;
use crate::caller_trace::CallerTrace;
use crate::device::Client;
use crate::limits::{Limit, LimitExceeded, admit, used_up};
use crate::request::{BurstRequest, FieldError, FieldErrors, RATE};

/// Why a burst was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// It would exceed a limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The process stops, or the reader has not reached Kafka yet.
    #[error("the homepage has not reached kafka yet")]
    NotReady,
}

/// The bursts that this homepage runs, and those that it ran last.
pub(crate) struct Bursts {
    deps: Arc<Dependencies>,
    bursts: Mutex<HashMap<Uuid, Arc<Burst>>>,
    tasks: TaskTracker,
    runtime: Handle,
}

impl Bursts {
    /// How many bursts are kept. The oldest that has ended makes room for a new one; after that, it is read from
    /// the table like a remote burst.
    const MAX: usize = 1000;

    /// No burst yet. Bursts run on the current runtime, not on the runtime of the request that starts them.
    pub(crate) fn new(deps: Arc<Dependencies>) -> Self {
        let (bursts, tasks) = (Mutex::default(), TaskTracker::new());
        Self { deps, bursts, tasks, runtime: Handle::current() }
    }

    /// Starts a burst of a client, which only its owner can stop. Its first message continues the caller's trace.
    /// Fails if it exceeds a limit, or if the topic's high watermarks are not known yet.
    pub(crate) fn start(
        &self,
        request: BurstRequest,
        (client, owner): (Client, Owner),
        caller: Option<CallerTrace>,
    ) -> Result<Arc<Burst>, StartError> {
        let (run_of_reader, from) = self.deps.progress.run_and_high_watermarks();
        if from.is_empty() || self.deps.shutdown.is_cancelled() {
            return Err(StartError::NotReady);
        }
        let mut bursts = self.bursts.lock();
        if request.planned() > 1 {
            let running: Vec<_> = bursts.values().filter_map(|burst| burst.running()).collect();
            admit(self.deps.limits, &running, client, request.total_rate())?;
        }
        make_room(&mut bursts, client)?;
        let id = Uuid::now_v7();
        let rows = self.deps.progress.follow_burst(id);
        let stop = self.deps.shutdown.child_token();
        let burst = Burst::new((request, client, owner), (run_of_reader, from), rows, id, stop);
        let burst = Arc::new(burst);
        bursts.insert(id, burst.clone());
        drop(bursts);
        self.tasks.spawn_on(run(burst.clone(), caller, self.deps.clone()), &self.runtime);
        Ok(burst)
    }

    /// Fails if the burst would exceed the limit of messages per second even without any other burst.
    pub(crate) fn check_rate(&self, request: &BurstRequest) -> Result<(), FieldErrors> {
        let max = self.deps.limits.rate;
        if request.total_rate() <= max {
            return Ok(());
        }
        Err(FieldErrors::from([(RATE.name, FieldError::TotalRate { max })]))
    }

    /// Finds a burst of this homepage.
    pub(crate) fn find(&self, id: Uuid) -> Option<Arc<Burst>> {
        self.bursts.lock().get(&id).cloned()
    }

    /// Waits until all bursts have ended. Called once, after `shutdown`.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Forgets the oldest burst that has ended. Ids are UUIDv7: the smallest is the oldest. Fails if too many have not
/// ended, in all or of this client: while nobody processes messages, not even a burst of one message ends.
fn make_room(bursts: &mut HashMap<Uuid, Arc<Burst>>, client: Client) -> Result<(), LimitExceeded> {
    let max = Bursts::MAX;
    let has_ended = |burst: &&Arc<Burst>| burst.state().is_final();
    if bursts.len() >= max
        && let Some(oldest) = bursts.values().filter(has_ended).map(|burst| burst.id).min()
    {
        bursts.remove(&oldest);
    }
    let open = bursts.values().filter(|burst| !has_ended(burst)).map(|burst| burst.client);
    if bursts.len() >= max || used_up(max, client, open).is_some() {
        let retry_after = Duration::from_secs(10);
        return Err(LimitExceeded { limit: Limit::Draining, retry_after });
    }
    Ok(())
}

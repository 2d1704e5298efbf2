//! Keeps one process alive: starts it, starts it again when it dies, stops it when told to.

use std::{process::ExitStatus, sync::Arc, time::Duration};

use nix::sys::signal::Signal;
use process::{
    child::{Process, Spec},
    log::Log,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{backoff::Backoff, roster::Roster};

/// What a service has to finish in when it is asked to stop, and a little for its last words.
const GRACE: Duration = Duration::from_secs(27);

/// How a process exits that was started with a wrong value.
const WRONG_CONFIGURATION: i32 = 2;

/// A process rejects the values it was started with; trying again would not change them.
#[derive(Debug, thiserror::Error)]
#[error("{0} rejects its configuration; see its lines above")]
pub(crate) struct WrongConfiguration(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Rejected,
}

/// The hold on a process that is kept alive.
#[derive(Debug)]
pub(crate) struct Keeper {
    name: String,
    state: watch::Receiver<State>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Starts a process. `hurry` ends its grace when it is being stopped.
    pub(crate) fn start(
        spec: Spec,
        log: Log,
        roster: Arc<Roster>,
        hurry: CancellationToken,
    ) -> Self {
        let (tell, state) = watch::channel(State::Starting);
        let (name, stop) = (spec.name.clone(), CancellationToken::new());
        let kept = Kept { spec, log, roster, state: tell, stop: stop.clone(), hurry };
        Self { name, state, stop, task: tokio::spawn(kept.keep()) }
    }

    /// Its process's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its process was ready when last seen.
    pub(crate) fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Ready
    }

    /// Waits until its process is ready, however often it must be started for that.
    pub(crate) fn readiness(&self) -> impl Future<Output = Result<(), WrongConfiguration>> + use<> {
        let (name, mut state) = (self.name.clone(), self.state.clone());
        async move {
            match state.wait_for(|state| *state != State::Starting).await.as_deref() {
                Ok(State::Ready) => Ok(()),
                Ok(State::Rejected | State::Starting) | Err(_) => Err(WrongConfiguration(name)),
            }
        }
    }

    /// Stops its process and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // A keeper that died took its process with it.
        _ = self.task.await;
    }
}

struct Kept {
    spec: Spec,
    log: Log,
    roster: Arc<Roster>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    hurry: CancellationToken,
}

impl Kept {
    async fn keep(self) {
        let mut backoff = Backoff::new();
        for restarts in 0.. {
            let born = Instant::now();
            let Some(end) = self.live(restarts).await else { return };
            self.mourn(&end);
            if restarts == 0 && end.is_wrong_configuration() {
                self.state.send_replace(State::Rejected);
                return;
            }
            self.state.send_replace(State::Starting);
            let pause = backoff.after(born.elapsed());
            eprintln!("{} is started again in {pause:?}", self.spec.name);
            if timeout(pause, self.stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// One life of the process. `None`: it was told to stop.
    async fn live(&self, restarts: u32) -> Option<End> {
        let mut process = match Process::spawn(&self.spec, &self.log) {
            Ok(process) => process,
            Err(error) => return Some(End::NotStarted(error)),
        };
        self.roster.note(&self.spec.name, process.pid(), restarts);
        let end = tokio::select! {
            end = self.watch(&mut process, restarts) => Some(end),
            () = self.stop.cancelled() => {
                self.end(&mut process).await;
                None
            }
        };
        self.roster.note(&self.spec.name, None, restarts);
        end
    }

    async fn watch(&self, process: &mut Process, restarts: u32) -> End {
        if process.ready().await.is_ok() {
            self.state.send_replace(State::Ready);
            if restarts > 0 {
                eprintln!("{} is back", self.spec.name);
            }
        }
        process.wait().await.map_or_else(End::NotStarted, End::Died)
    }

    async fn end(&self, process: &mut Process) {
        process.signal(Signal::SIGTERM);
        let in_time = tokio::select! {
            ended = timeout(GRACE, process.wait()) => ended.is_ok(),
            () = self.hurry.cancelled() => false,
        };
        if !in_time {
            eprintln!("{} does not stop, so it is killed", self.spec.name);
            process.signal(Signal::SIGKILL);
            _ = process.wait().await;
        }
    }

    fn mourn(&self, end: &End) {
        for line in self.log.tail() {
            eprintln!("{} | {line}", self.spec.name);
        }
        eprintln!("{} {end}", self.spec.name);
    }
}

#[derive(Debug, thiserror::Error)]
enum End {
    #[error("cannot be run: {0}")]
    NotStarted(std::io::Error),
    #[error("died ({0})")]
    Died(ExitStatus),
}

impl End {
    fn is_wrong_configuration(&self) -> bool {
        match self {
            Self::NotStarted(_) => false,
            Self::Died(status) => status.code() == Some(WRONG_CONFIGURATION),
        }
    }
}

//! Keeps one process running: starts it, restarts it when it dies, and stops it on request.

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

use crate::stack_file::StackFile;

/// The default `SHUTDOWN_GRACE` of a service, and two seconds more.
const GRACE: Duration = Duration::from_secs(27);

/// The exit code of a service whose configuration is invalid.
const INVALID_CONFIGURATION: i32 = 2;

/// A process does not accept its configuration. A restart would not help.
#[derive(Debug, thiserror::Error)]
#[error("{0} rejects its configuration; see its lines above")]
pub(crate) struct InvalidConfiguration(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    InvalidConfiguration,
}

/// A task that keeps one process running.
#[derive(Debug)]
pub(crate) struct Supervisor {
    name: String,
    state: watch::Receiver<State>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    /// Starts a process. If `force_stop` is cancelled while the process stops, the process is killed.
    pub(crate) fn start(
        spec: Spec,
        log: Log,
        stack_file: Arc<StackFile>,
        force_stop: CancellationToken,
    ) -> Self {
        let (publish, state) = watch::channel(State::Starting);
        let (name, stop) = (spec.name.clone(), CancellationToken::new());
        let task = Task { spec, log, stack_file, state: publish, stop: stop.clone(), force_stop };
        Self { name, state, stop, task: tokio::spawn(task.run()) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Ready
    }

    /// Waits until the process is ready, over all restarts.
    pub(crate) fn readiness(
        &self,
    ) -> impl Future<Output = Result<(), InvalidConfiguration>> + use<> {
        let (name, mut state) = (self.name.clone(), self.state.clone());
        async move {
            match state.wait_for(|state| *state != State::Starting).await.as_deref() {
                Ok(State::Ready) => Ok(()),
                Ok(State::InvalidConfiguration | State::Starting) | Err(_) => {
                    Err(InvalidConfiguration(name))
                }
            }
        }
    }

    /// Stops the process and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // If the task has panicked, it has dropped and so killed the process.
        _ = self.task.await;
    }
}

struct Task {
    spec: Spec,
    log: Log,
    stack_file: Arc<StackFile>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    force_stop: CancellationToken,
}

/// How a process has ended by itself.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("cannot be run: {0}")]
    NotStarted(std::io::Error),
    #[error("died ({0})")]
    Died(ExitStatus),
}

impl Task {
    async fn run(self) {
        let mut backoff = Backoff::new();
        for restarts in 0.. {
            let started = Instant::now();
            let Some(end) = self.run_once(restarts).await else { return };
            self.report(&end);
            if restarts == 0 && end.is_invalid_configuration() {
                self.state.send_replace(State::InvalidConfiguration);
                return;
            }
            self.state.send_replace(State::Starting);
            let pause = backoff.next(started.elapsed());
            eprintln!("{} is started again in {pause:?}", self.spec.name);
            if timeout(pause, self.stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// Runs the process until it ends. `None`: it was stopped on request.
    async fn run_once(&self, restarts: u32) -> Option<End> {
        let mut process = match Process::spawn(&self.spec, &self.log) {
            Ok(process) => process,
            Err(error) => return Some(End::NotStarted(error)),
        };
        self.stack_file.update(&self.spec.name, process.pid(), restarts);
        let end = tokio::select! {
            end = self.watch(&mut process, restarts) => Some(end),
            () = self.stop.cancelled() => {
                self.end(&mut process).await;
                None
            }
        };
        self.stack_file.update(&self.spec.name, None, restarts);
        end
    }

    async fn watch(&self, process: &mut Process, restarts: u32) -> End {
        if process.ready().await.is_ok() {
            self.state.send_replace(State::Ready);
            if restarts > 0 {
                eprintln!("{} is ready again", self.spec.name);
            }
        }
        process.wait().await.map_or_else(End::NotStarted, End::Died)
    }

    async fn end(&self, process: &mut Process) {
        process.signal(Signal::SIGTERM);
        let in_time = tokio::select! {
            ended = timeout(GRACE, process.wait()) => ended.is_ok(),
            () = self.force_stop.cancelled() => false,
        };
        if !in_time {
            eprintln!("{} does not stop; killing it", self.spec.name);
            process.signal(Signal::SIGKILL);
            _ = process.wait().await;
        }
    }

    fn report(&self, end: &End) {
        for line in self.log.tail() {
            eprintln!("{} | {line}", self.spec.name);
        }
        eprintln!("{} {end}", self.spec.name);
    }
}

impl End {
    fn is_invalid_configuration(&self) -> bool {
        match self {
            Self::NotStarted(_) => false,
            Self::Died(status) => status.code() == Some(INVALID_CONFIGURATION),
        }
    }
}

/// The pause before a restart. It doubles with each death, up to [`Backoff::LONGEST`], until the process has
/// run for [`Backoff::HEALTHY`]: 0.2 s, 0.4 s, 0.8 s, 1.6 s, 3.2 s, 5 s, 5 s, and 0.2 s again.
#[derive(Debug)]
struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);
    const HEALTHY: Duration = Duration::from_secs(10);

    fn new() -> Self {
        Self(Self::FIRST)
    }

    /// The pause after a process that has run for `uptime`.
    fn next(&mut self, uptime: Duration) -> Duration {
        if uptime >= Self::HEALTHY {
            self.0 = Self::FIRST;
        }
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_are_short_again_after_a_long_uptime() {
        let mut backoff = Backoff::new();
        let pauses = [0, 1, 0, 0, 0, 0, 9, 10, 0].map(|uptime| {
            let pause = backoff.next(Duration::from_secs(uptime));
            u64::try_from(pause.as_millis()).unwrap()
        });
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000, 200, 400]);
    }
}

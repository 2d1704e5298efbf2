//! Keeps one process running: starts it, restarts it when it dies, and stops it on request. Kills or freezes it
//! for those who want to see what happens then.

use std::{
    collections::BTreeMap, io, path::PathBuf, process::ExitStatus, sync::Arc, time::Duration,
};

use nix::sys::signal::Signal;
use parking_lot::Mutex;
use process::{
    child::{Process, Spec},
    log::Log,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{backoff::Backoff, stack_file::StackFile};

/// How long a frozen process stands still.
const FREEZE: Duration = Duration::from_secs(10);

/// The default `SHUTDOWN_GRACE` of a service, and two seconds more.
const GRACE: Duration = Duration::from_secs(27);

/// Longer than any run.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// The exit code of a service whose configuration is invalid.
const INVALID_CONFIGURATION: i32 = 2;

/// A process does not accept its configuration. A restart would not help.
#[derive(Debug, thiserror::Error)]
#[error("{0} rejects its configuration; see its lines above")]
pub(crate) struct InvalidConfiguration(pub(crate) String);

/// What a process has done, or what was done to it.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) name: String,
    pub(crate) change: Change,
}

#[derive(Debug)]
pub(crate) enum Change {
    /// It has a supervisor, and starts.
    Added(Handle),
    /// It has printed its ready line, after its start or after a restart.
    Ready,
    /// It has ended by itself, and is started again soon.
    Died,
    /// It stands still (SIGSTOP).
    Frozen,
    /// It goes on.
    Thawed,
    /// It does not accept its configuration, and is not started again.
    Rejected,
    /// It was stopped on request, and has ended.
    Gone,
}

/// What all supervisors share.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) stack_file: Arc<StackFile>,
    /// The folder of the logs.
    pub(crate) logs: PathBuf,
    /// Print the logs.
    pub(crate) verbose: bool,
    /// If this is cancelled while a process stops, the process is killed.
    pub(crate) force_stop: CancellationToken,
    pub(crate) notices: mpsc::Sender<Notice>,
    /// A process that comes again continues its log.
    pub(crate) open_logs: Arc<Mutex<BTreeMap<String, Log>>>,
}

impl Surroundings {
    fn log(&self, name: &str) -> io::Result<Log> {
        let mut open = self.open_logs.lock();
        if let Some(log) = open.get(name) {
            return Ok(log.clone());
        }
        let log = Log::open(&self.logs, name, self.verbose)?;
        open.insert(name.into(), log.clone());
        Ok(log)
    }
}

/// Kills or freezes a process, if it runs.
#[derive(Clone, Debug)]
pub(crate) struct Handle(mpsc::Sender<Command>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after [`FREEZE`].
    Freeze,
}

impl Handle {
    /// False if the process has so many commands already that it does not take this one.
    pub(crate) fn send(&self, command: Command) -> bool {
        self.0.try_send(command).is_ok()
    }
}

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
    handle: Handle,
}

impl Supervisor {
    /// Starts a process. Fails if it cannot have a log.
    pub(crate) fn start(spec: Spec, around: &Surroundings) -> io::Result<Self> {
        let log = around.log(&spec.name)?;
        let (publish, state) = watch::channel(State::Starting);
        let (name, stop) = (spec.name.clone(), CancellationToken::new());
        let (sender, commands) = mpsc::channel(4);
        let handle = Handle(sender);
        let task = Task {
            spec,
            log,
            around: around.clone(),
            state: publish,
            stop: stop.clone(),
            commands,
            handle: handle.clone(),
        };
        Ok(Self { name, state, stop, task: tokio::spawn(task.run()), handle })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
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

    /// Tells the process to stop.
    pub(crate) fn request_stop(&self) {
        self.stop.cancel();
    }

    /// Stops the process and waits for its end.
    pub(crate) async fn stop(self) {
        self.request_stop();
        // If the task has panicked, it has dropped and so killed the process.
        _ = self.task.await;
    }
}

struct Task {
    spec: Spec,
    log: Log,
    around: Surroundings,
    state: watch::Sender<State>,
    stop: CancellationToken,
    commands: mpsc::Receiver<Command>,
    /// Also keeps `commands` open.
    handle: Handle,
}

/// How a process has ended by itself.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("cannot be run: {0}")]
    NotStarted(io::Error),
    #[error("died ({0})")]
    Died(ExitStatus),
}

/// What comes next in the life of a process.
enum Progress {
    /// Its first line, or the end of its output.
    FirstLine {
        is_ready: bool,
    },
    Ended(io::Result<ExitStatus>),
}

impl Task {
    async fn run(mut self) {
        self.notify(Change::Added(self.handle.clone())).await;
        let change = self.supervise().await;
        self.notify(change).await;
    }

    /// Restarts the process until it is stopped, or has no valid configuration.
    async fn supervise(&mut self) -> Change {
        let mut backoff = Backoff::new();
        for restarts in 0.. {
            let started = Instant::now();
            let Some(end) = self.run_once(restarts).await else { break };
            self.report(&end);
            if restarts == 0 && end.is_invalid_configuration() {
                self.state.send_replace(State::InvalidConfiguration);
                return Change::Rejected;
            }
            self.state.send_replace(State::Starting);
            self.notify(Change::Died).await;
            let pause = backoff.next(started.elapsed());
            eprintln!("{} is started again in {pause:?}", self.spec.name);
            if timeout(pause, self.stop.cancelled()).await.is_ok() {
                break;
            }
        }
        Change::Gone
    }

    /// Runs the process until it ends. `None`: it was stopped on request.
    async fn run_once(&mut self, restarts: u32) -> Option<End> {
        let mut process = match Process::spawn(&self.spec, &self.log) {
            Ok(process) => process,
            Err(error) => return Some(End::NotStarted(error)),
        };
        // For those who came too late for the process before this one.
        while self.commands.try_recv().is_ok() {}
        self.around.stack_file.update(&self.spec.name, process.pid(), restarts);
        let stop = self.stop.clone();
        let end = tokio::select! {
            end = self.watch(&mut process, restarts) => Some(end),
            () = stop.cancelled() => {
                self.end(&mut process).await;
                None
            }
        };
        self.around.stack_file.update(&self.spec.name, None, restarts);
        end
    }

    async fn watch(&mut self, process: &mut Process, restarts: u32) -> End {
        let (mut is_starting, mut thaw_at) = (true, None);
        loop {
            let progress = async {
                if is_starting {
                    Progress::FirstLine { is_ready: process.ready().await.is_ok() }
                } else {
                    Progress::Ended(process.wait().await)
                }
            };
            let deadline = thaw_at.unwrap_or_else(|| Instant::now() + NEVER);
            tokio::select! {
                progress = progress => match progress {
                    Progress::FirstLine { is_ready } => {
                        is_starting = false;
                        if is_ready {
                            self.ready(restarts).await;
                        }
                    }
                    Progress::Ended(ended) => return ended.map_or_else(End::NotStarted, End::Died),
                },
                command = timeout_at(deadline, self.commands.recv()) => {
                    thaw_at = self.obey(command.ok().flatten(), process, thaw_at).await;
                }
            }
        }
    }

    async fn ready(&self, restarts: u32) {
        self.state.send_replace(State::Ready);
        self.notify(Change::Ready).await;
        if restarts > 0 {
            eprintln!("{} is ready again", self.spec.name);
        }
    }

    /// Obeys a command, or ends the freeze where there is none. Returns when the process goes on, if it is frozen.
    async fn obey(
        &self,
        command: Option<Command>,
        process: &Process,
        thaw_at: Option<Instant>,
    ) -> Option<Instant> {
        match command {
            Some(Command::Kill) => {
                process.signal(Signal::SIGKILL);
                thaw_at
            }
            Some(Command::Freeze) if thaw_at.is_some() => thaw_at,
            Some(Command::Freeze) => {
                process.signal(Signal::SIGSTOP);
                self.notify(Change::Frozen).await;
                Some(Instant::now() + FREEZE)
            }
            None => {
                process.signal(Signal::SIGCONT);
                self.notify(Change::Thawed).await;
                None
            }
        }
    }

    async fn end(&self, process: &mut Process) {
        process.signal(Signal::SIGTERM);
        // A frozen process does not notice the signal.
        process.signal(Signal::SIGCONT);
        let in_time = tokio::select! {
            ended = timeout(GRACE, process.wait()) => ended.is_ok(),
            () = self.around.force_stop.cancelled() => false,
        };
        if !in_time {
            eprintln!("{} does not stop; killing it", self.spec.name);
            process.signal(Signal::SIGKILL);
            _ = process.wait().await;
        }
    }

    async fn notify(&self, change: Change) {
        // Nobody listens any more when the demo stops.
        _ = self.around.notices.send(Notice { name: self.spec.name.clone(), change }).await;
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

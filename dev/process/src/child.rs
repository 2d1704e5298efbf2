//! One child process: start it, wait for its ready line, send it signals, wait for its end.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, BufRead as _, BufReader, PipeReader},
    mem,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::{
    sys::{
        signal::{Signal, kill, killpg},
        wait::waitpid,
    },
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
    task,
    time::timeout,
};

use crate::{death_signal::DeathSignal, log::Log, port::Port};

/// How long to read the rest of the output after a process has ended.
const DRAIN_OUTPUT: Duration = Duration::from_secs(1);

/// How to start a process, the first time and after each death.
#[derive(Debug)]
pub struct Spec {
    /// The name for people: `broker`, `message-processor-2`.
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub death_signal: DeathSignal,
    pub folder: PathBuf,
    /// Variables of this process. They win over those that it inherits.
    pub env: BTreeMap<String, String>,
    pub inherits: Inherits,
    /// Where it listens, the same after each restart.
    pub port: Port,
    /// Ports of further listeners. They are reserved as long as this spec exists.
    pub other_ports: Vec<Port>,
}

/// Which variables of our own environment a process inherits.
#[derive(Clone, Copy, Debug)]
pub enum Inherits {
    /// No variable, so that a test does not depend on the shell that runs it.
    Nothing,
    /// Every variable except these, so that `WORK_MS=50 cargo demo` reaches the services.
    AllBut(&'static [&'static str]),
}

impl Spec {
    /// A process without arguments, variables or further ports.
    pub fn new(
        name: &str,
        program: PathBuf,
        folder: &Path,
        port: Port,
        death_signal: DeathSignal,
    ) -> Self {
        Self {
            name: name.into(),
            program,
            args: Vec::new(),
            death_signal,
            folder: folder.into(),
            env: BTreeMap::new(),
            inherits: Inherits::Nothing,
            port,
            other_ports: Vec::new(),
        }
    }

    /// One more instance of the same service, with another name and port.
    pub fn replica(&self, name: &str, port: Port) -> Self {
        let mut env = self.env.clone();
        env.insert("PORT".into(), port.address().port().to_string());
        env.insert("INSTANCE".into(), name.into());
        Self {
            args: self.args.clone(),
            env,
            inherits: self.inherits,
            ..Self::new(name, self.program.clone(), &self.folder, port, self.death_signal)
        }
    }
}

/// The process ended, or closed its stdout, before it printed its ready line.
#[derive(Debug, thiserror::Error)]
#[error("ended before it was ready")]
pub struct NotReady;

/// A running child process. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ready: oneshot::Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the process in a process group of its own. So Ctrl-C in a terminal signals only us, and we
    /// choose the order in which the children stop.
    pub fn spawn(spec: &Spec, log: &Log) -> io::Result<Self> {
        let mut command = spec.death_signal.command(&spec.program);
        match spec.inherits {
            Inherits::Nothing => _ = command.env_clear(),
            Inherits::AllBut(ours) => ours.iter().for_each(|name| _ = command.env_remove(name)),
        }
        let [(stdout, out), (stderr, err)] = [io::pipe()?, io::pipe()?];
        command.args(&spec.args).envs(&spec.env).current_dir(&spec.folder).process_group(0);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn()?;
        log.process_started(child.id().unwrap_or_default());
        let (first_line, ready) = oneshot::channel();
        let (stdout_log, stderr_log) = (log.clone(), log.clone());
        let readers = vec![
            thread::spawn(move || read_lines(stdout, &stdout_log, Some(first_line))),
            thread::spawn(move || read_lines(stderr, &stderr_log, None)),
        ];
        Ok(Self { child, ready, readers })
    }

    /// The process ID. `None` after [`Process::wait`] has returned.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the ready line, which is the first line on stdout. Call it once.
    pub async fn ready(&mut self) -> Result<String, NotReady> {
        (&mut self.ready).await.map_err(|_| NotReady)
    }

    /// Sends a signal. Does nothing if the process has ended.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.unix_pid() {
            // It may end at this moment: then nobody receives the signal, which is no error.
            _ = kill(pid, signal);
        }
    }

    /// Whether the process has ended. [`Process::wait`] still has to be called.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits until the process has ended and its last line is in the log.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        let readers = mem::take(&mut self.readers);
        let read =
            task::spawn_blocking(|| readers.into_iter().for_each(|reader| _ = reader.join()));
        // A grandchild may hold the pipes open, so this wait has a limit.
        _ = timeout(DRAIN_OUTPUT, read).await;
        Ok(status)
    }

    fn unix_pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.unix_pid() {
            // After this wait the process no longer writes into its folder, which may be removed next,
            // and its log is complete.
            _ = killpg(pid, Signal::SIGKILL).and_then(|()| waitpid(pid, None));
            self.readers.drain(..).for_each(|reader| _ = reader.join());
        }
    }
}

/// Runs on a thread of its own, so that a full pipe never blocks the process.
fn read_lines(stream: PipeReader, log: &Log, mut first_line: Option<oneshot::Sender<String>>) {
    let lines = BufReader::new(stream).split(b'\n');
    for line in lines.map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if let Some(first_line) = first_line.take() {
            // The receiver is gone if the start was given up.
            _ = first_line.send(line.to_string());
        }
        log.line(&line);
    }
}

/// Whether a process that received SIGTERM has ended in order: with 0, or with 143 as Java does.
pub fn is_clean_exit(status: ExitStatus) -> bool {
    const TERMINATED: i32 = 128 + Signal::SIGTERM as i32;
    status.success() || status.code() == Some(TERMINATED)
}

/// Runs a program that ends by itself. Kills it and panics if it has not ended by the deadline.
pub async fn run_to_end(command: &mut Command, deadline: Duration) -> Output {
    let ended = timeout(deadline, command.kill_on_drop(true).output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{command:?} has not ended within {deadline:?}"));
    ended.expect("the program starts")
}

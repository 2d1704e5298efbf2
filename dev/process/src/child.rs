//! One child process: start it, await its ready line, signal it, wait for it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, BufRead as _, BufReader, PipeReader},
    mem,
    path::PathBuf,
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

use crate::{guard::Guard, log::Log, port::Port};

/// How long to read on after a process has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a process is started with, each time.
#[derive(Debug)]
pub struct Spec {
    /// What people call it: broker, message-processor-2.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What ends it when we die.
    pub guard: Guard,
    /// Its working folder.
    pub folder: PathBuf,
    /// Variables it gets, over those it inherits.
    pub env: BTreeMap<String, String>,
    /// Variables of ours it inherits.
    pub inherits: Inherits,
    /// Where it listens, the same after each restart.
    pub port: Port,
    /// Where it listens besides.
    pub held: Vec<Port>,
}

impl Spec {
    /// The same for a service of another name at another port.
    pub fn twin(&self, name: &str, port: Port) -> Self {
        let mut env = self.env.clone();
        env.insert("PORT".into(), port.address().port().to_string());
        env.insert("INSTANCE".into(), name.into());
        Self {
            name: name.into(),
            program: self.program.clone(),
            args: self.args.clone(),
            guard: self.guard,
            folder: self.folder.clone(),
            env,
            inherits: self.inherits,
            port,
            held: Vec::new(),
        }
    }
}

/// Whether a process that was told to stop has ended as it should. Java tells of the signal.
pub fn has_ended_well(status: ExitStatus) -> bool {
    const TERMINATED: i32 = 128 + Signal::SIGTERM as i32;
    status.success() || status.code() == Some(TERMINATED)
}

/// Runs a program that is to end by itself; one that does not is killed, which fails the test.
pub async fn output(command: &mut Command, deadline: Duration) -> Output {
    let ended = timeout(deadline, command.kill_on_drop(true).output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{command:?} has not ended within {deadline:?}"));
    ended.expect("the program starts")
}

/// How much of our environment a process sees.
#[derive(Clone, Copy, Debug)]
pub enum Inherits {
    /// Nothing: tests do not depend on who runs them.
    Nothing,
    /// All but these, so that `WORK_MS=50 cargo demo` reaches the services.
    AllBut(&'static [&'static str]),
}

/// A process ended, or closed its stdout, before it said that it was ready.
#[derive(Debug, thiserror::Error)]
#[error("ended before it was ready")]
pub struct NotReady;

/// A child process. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ready: oneshot::Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it in a process group of its own, so that Ctrl-C in a terminal reaches only us and
    /// we decide the order in which all stop.
    pub fn spawn(spec: &Spec, log: &Log) -> io::Result<Self> {
        let mut command = spec.guard.command(&spec.program);
        match spec.inherits {
            Inherits::Nothing => _ = command.env_clear(),
            Inherits::AllBut(ours) => ours.iter().for_each(|name| _ = command.env_remove(name)),
        }
        let [(stdout, out), (stderr, err)] = [io::pipe()?, io::pipe()?];
        command.args(&spec.args).envs(&spec.env).current_dir(&spec.folder).process_group(0);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn()?;
        log.born(child.id().unwrap_or_default());
        let (announce, ready) = oneshot::channel();
        let (stdout_log, stderr_log) = (log.clone(), log.clone());
        let readers = vec![
            thread::spawn(move || read_lines(stdout, &stdout_log, Some(announce))),
            thread::spawn(move || read_lines(stderr, &stderr_log, None)),
        ];
        Ok(Self { child, ready, readers })
    }

    /// Its process id, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its ready line, which is the first on its stdout. To be asked once.
    pub async fn ready(&mut self) -> Result<String, NotReady> {
        (&mut self.ready).await.map_err(|_| NotReady)
    }

    /// Sends a signal; to a process that has ended, nothing.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.unix_pid() {
            // It may have ended a moment ago: then the signal has nobody to reach.
            _ = kill(pid, signal);
        }
    }

    /// Whether it has ended; its end is still to be waited for.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits for its end, and for the last line of its log.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        let readers = mem::take(&mut self.readers);
        let read =
            task::spawn_blocking(|| readers.into_iter().for_each(|reader| _ = reader.join()));
        // A grandchild may hold the pipes open; the process itself is gone either way.
        _ = timeout(LAST_WORDS, read).await;
        Ok(status)
    }

    fn unix_pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.unix_pid() {
            // Waiting makes sure that nobody writes any more into a folder that is removed next,
            // and that the log is complete.
            _ = killpg(pid, Signal::SIGKILL).and_then(|()| waitpid(pid, None));
            self.readers.drain(..).for_each(|reader| _ = reader.join());
        }
    }
}

/// On a thread of its own, so that a process never waits for us to read what it says.
fn read_lines(stream: PipeReader, log: &Log, mut announce: Option<oneshot::Sender<String>>) {
    let lines = BufReader::new(stream).split(b'\n');
    for line in lines.map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if let Some(announce) = announce.take() {
            // Nobody waits for it any more when the start was given up.
            _ = announce.send(line.to_string());
        }
        log.line(&line);
    }
}

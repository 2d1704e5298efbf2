//! `cargo demo` in a test: the launcher with a port and a folder of its own, and its API.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitStatus, time::Duration};

use client::{homepage::Homepage, ledger::Sources};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use process::{
    child::{Process, Spec},
    death_signal::DeathSignal,
    log::Log,
    port::Port,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, TABLE},
    setup::program,
};

/// Longer than the grace time of its children.
const STOP: Duration = Duration::from_secs(60);

/// How to start a launcher. Panics, as all of a test's stack, where something is not as it should be.
#[derive(Debug)]
pub struct Demo {
    spec: Spec,
    log: Log,
    folder: TempDir,
}

/// Starting and ending it.
impl Demo {
    /// A demo with these arguments, besides its port and folder.
    pub fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temp folder");
        let port = Port::reserve(0).expect("a free port");
        let number = port.address().port().to_string();
        let launcher = program("launcher");
        let mut spec = Spec::new("launcher", launcher, folder.path(), port, DeathSignal::find());
        let data = folder.path().join("data");
        spec.args = ["--port", &number, "--data"].map(Into::into).into();
        spec.args.push(data.into());
        spec.args.extend(args.iter().map(Into::into));
        let log = Log::open(&folder.path().join("logs"), "launcher", true).expect("a log");
        Self { spec, log, folder }
    }

    /// Sets a variable of the launcher, which passes it on.
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.spec.env.insert(name.into(), value.into());
        self
    }

    /// Uses the data folder of another demo.
    pub fn on_data_of(mut self, other: &Self) -> Self {
        self.spec.args[3] = other.data().into();
        self
    }

    /// Starts the launcher without waiting for anything.
    pub fn spawn(&self) -> Process {
        Process::spawn(&self.spec, &self.log).expect("the launcher starts")
    }

    /// Starts the launcher, and waits until it says that everything is up.
    pub async fn start(&self) -> Process {
        let mut launcher = self.spawn();
        let line = launcher.ready().await.expect("a line when everything is up");
        assert_eq!(line, format!("barrage is up on http://{}", self.page()));
        launcher
    }

    /// Waits for the end of a launcher.
    pub async fn ended(&self, mut launcher: Process) -> ExitStatus {
        let ended = timeout(STOP, launcher.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it has not ended: {:?}", self.lines().last()));
        ended.expect("a child can be waited for")
    }

    /// Stops a launcher, which must end in order and leave no process.
    pub async fn stop(&self, launcher: Process) {
        launcher.signal(Signal::SIGTERM);
        let status = self.ended(launcher).await;
        assert!(status.success(), "it ended with {status}");
        assert_eq!(self.processes(), Vec::<PathBuf>::new());
    }

    /// The processes that run in its data folder, whatever `stack.json` says.
    fn processes(&self) -> Vec<PathBuf> {
        let all = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
        let is_ours = |process: &PathBuf| {
            fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(self.data()))
        };
        all.map(|entry| entry.path()).filter(is_ours).collect()
    }
}

/// What there is.
impl Demo {
    /// The last lines that the launcher has printed.
    pub fn lines(&self) -> Vec<String> {
        self.log.tail()
    }

    pub fn page(&self) -> SocketAddr {
        self.spec.port.address()
    }

    /// The folder of the test, which the data folder is in.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn stack_json(&self) -> Value {
        let text = fs::read_to_string(self.data().join("stack.json")).expect("a stack.json");
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// The entries of all processes in `stack.json`.
    fn entries(&self) -> Vec<Value> {
        self.stack_json()["processes"].as_array().expect("a list").clone()
    }

    /// The entry of a process in `stack.json`, if it has one.
    pub fn entry(&self, name: &str) -> Option<Value> {
        self.entries().into_iter().find(|entry| entry["name"] == name)
    }

    /// The id of a running process.
    pub fn pid(&self, name: &str) -> i64 {
        let entry = self.entry(name).unwrap_or_else(|| panic!("{name} is not in stack.json"));
        entry["pid"].as_i64().unwrap_or_else(|| panic!("{name} does not run"))
    }

    /// The ids of all processes that run.
    pub fn pids(&self) -> Vec<i64> {
        self.entries().iter().filter_map(|entry| entry["pid"].as_i64()).collect()
    }

    /// The names of the processors that run or start.
    pub fn processors(&self) -> Vec<String> {
        let entries = self.entries();
        let names = entries.iter().filter_map(|entry| entry["name"].as_str());
        names.filter(|name| name.starts_with(PROCESSOR)).map(str::to_owned).collect()
    }

    pub fn homepage(&self) -> Homepage {
        Homepage::new(self.page()).expect("an HTTP client")
    }

    /// Where the ledger finds the evidence.
    pub fn sources(&self) -> Sources {
        let address = |name| {
            let entry = self.entry(name).expect("every demo has it");
            entry["address"].as_str().and_then(|it| it.parse().ok()).expect("an address")
        };
        Sources { broker: address(BROKER), table: address(TABLE) }
    }

    /// The launcher's own API, as the homepage reaches it.
    pub fn control(&self) -> Control {
        let variables = fs::read(format!("/proc/{}/environ", self.pid(HOMEPAGE)));
        let variables = String::from_utf8(variables.expect("our own process")).expect("UTF-8");
        let value = |name: &str| {
            let of = |line: &str| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
            variables.split('\0').find_map(of).unwrap_or_else(|| panic!("no {name}"))
        };
        let url = value("LAUNCHER_URL");
        let address = url.strip_prefix("http://").and_then(|it| it.parse().ok());
        Control::at(address.expect("an address"), &value("LAUNCHER_TOKEN"))
    }
}

/// The launcher's API.
#[derive(Debug)]
pub struct Control {
    /// For requests with the token.
    pub api: Homepage,
    /// For requests without it.
    pub open: Homepage,
}

impl Control {
    /// The API at this address, with its token.
    pub fn at(address: SocketAddr, token: &str) -> Self {
        let open = Homepage::new(address).expect("an HTTP client");
        Self { api: open.clone().with_token(token).expect("a token"), open }
    }

    /// The answer to `GET /scaling`.
    pub async fn scaling(&self) -> Value {
        let answer = self.api.get("/scaling").await.expect("an answer");
        assert_eq!(answer.status.as_u16(), 200);
        answer.body
    }

    /// How many processors have this state.
    pub async fn count(&self, state: &str) -> usize {
        let scaling = self.scaling().await;
        let processors = scaling["processors"].as_array().expect("a list");
        processors.iter().filter(|processor| processor["state"] == state).count()
    }

    /// The events of a kind.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let scaling = self.scaling().await;
        let events = scaling["events"].as_array().expect("a list").iter();
        events.filter(|event| event["kind"] == kind).cloned().collect()
    }

    /// Puts a value to `/scaling`, `/work-ms` or `/tour`. Returns the status.
    pub async fn put(&self, path: &str, body: Value) -> u16 {
        self.api.put(path, &body).await.expect("an answer").status.as_u16()
    }

    /// Kills or freezes a process. Returns the status.
    pub async fn break_part(&self, name: &str, how: &str) -> u16 {
        let path = format!("/parts/{name}/{how}");
        let answer = self.api.post(&path, "application/json", "{}".into()).await;
        answer.expect("an answer").status.as_u16()
    }
}

/// Sends a signal to a process of a demo.
pub fn send(signal: Signal, pid: i64) {
    let pid = Pid::from_raw(pid.try_into().expect("a process id"));
    kill(pid, signal).expect("the process runs");
}

/// Whether there is a process with this id.
pub fn runs(pid: i64) -> bool {
    PathBuf::from(format!("/proc/{pid}/exe")).exists()
}

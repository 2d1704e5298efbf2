//! `cargo demo`: one line when everything is up, restarts, a stop in order, and no process left.

use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use client::eventually::{eventually, within};
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
use serde_json::{Value, json};
use stack::plan::name::{HOMEPAGE, ROUTER};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

/// Longer than the grace time of its children.
const STOP: Duration = Duration::from_secs(60);

/// How to start a launcher, with a port and a folder of its own.
pub(crate) struct Demo {
    spec: Spec,
    log: Log,
    folder: TempDir,
}

impl Demo {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::reserve(0).unwrap();
        let number = port.address().port().to_string();
        let program = stack::program("launcher");
        let mut spec = Spec::new("launcher", program, folder.path(), port, DeathSignal::find());
        spec.args = ["--port", number.as_str(), "--data"].map(Into::into).into();
        spec.args.push(folder.path().join("data").into());
        let log = Log::open(&folder.path().join("logs"), "launcher", true).unwrap();
        Self { spec, log, folder }
    }

    fn spawn(&self) -> Process {
        Process::spawn(&self.spec, &self.log).unwrap()
    }

    /// Waits for the end of a launcher.
    async fn ended(&self, mut launcher: Process) -> ExitStatus {
        let ended = timeout(STOP, launcher.wait()).await;
        ended.unwrap_or_else(|_| panic!("it has not ended: {}", self.last_line())).unwrap()
    }

    pub(crate) async fn start(&self) -> Process {
        let mut launcher = self.spawn();
        let line = launcher.ready().await.unwrap();
        assert_eq!(line, format!("barrage is up on http://{}", self.page()));
        launcher
    }

    fn stack_json(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("data/stack.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn entry(&self, name: &str) -> Value {
        let stack = self.stack_json();
        let entries = stack["processes"].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name).unwrap().clone()
    }

    fn pids(&self) -> Vec<i64> {
        let stack = self.stack_json();
        let entries = stack["processes"].as_array().unwrap();
        entries.iter().map(|entry| entry["pid"].as_i64().unwrap()).collect()
    }

    /// The last line that the launcher has printed.
    fn last_line(&self) -> String {
        self.lines().pop().unwrap_or_default()
    }

    /// What the launcher has printed.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.tail()
    }

    pub(crate) fn page(&self) -> SocketAddr {
        self.spec.port.address()
    }

    /// A folder for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn send(signal: Signal, pid: i64) {
    kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
}

fn runs(pid: i64) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

#[tokio::test]
async fn the_demo_starts_and_leaves_no_process_when_it_stops() {
    let demo = Demo::new();
    let launcher = demo.start().await;
    assert_eq!(demo.stack_json()["page"], format!("http://{}", demo.page()));
    let pids = demo.pids();
    assert!(pids.len() == 5 && pids.iter().all(|pid| runs(*pid)), "{pids:?}");
    launcher.signal(Signal::SIGTERM);
    let status = demo.ended(launcher).await;
    assert!(status.success(), "it ended with {status}");
    assert!(!pids.iter().any(|pid| runs(*pid)));
    assert!(!demo.folder.path().join("data/stack.json").exists());
}

#[tokio::test]
async fn a_process_that_dies_is_restarted_at_its_address() {
    let demo = Demo::new();
    let _launcher = demo.start().await;
    let before = demo.entry(ROUTER);
    send(Signal::SIGKILL, before["pid"].as_i64().unwrap());
    eventually("the router runs again", async || {
        let now = demo.entry(ROUTER);
        now["restarts"] == 1 && now["pid"].is_u64()
    })
    .await;
    let after = demo.entry(ROUTER);
    assert_eq!(after["address"], before["address"]);
    assert_ne!(after["pid"], before["pid"]);
}

#[tokio::test]
async fn no_process_outlives_a_killed_launcher_and_the_next_one_starts() {
    let demo = Demo::new();
    let launcher = demo.start().await;
    let pids = demo.pids();
    drop(launcher);
    eventually("all processes are gone", async || !pids.iter().any(|pid| runs(*pid))).await;
    demo.start().await;
}

/// As on a system without `setpriv`, where nothing ends the children of a killed launcher.
#[tokio::test]
async fn the_next_launcher_ends_processes_that_a_killed_one_left_running() {
    let demo = Demo::new();
    let data = demo.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("barrage-demo.lock"), "").unwrap();
    let mut child = Command::new(stack::program("table"));
    child.args(["--data", "table"]).current_dir(&data).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = child.spawn().unwrap();
    let processes = json!([{ "name": "table", "pid": child.id(), "address": "", "restarts": 0 }]);
    let stack = json!({ "page": "", "pid": 1, "processes": processes });
    std::fs::write(data.join("stack.json"), stack.to_string()).unwrap();
    // Wait for it, as init would do: until then, a zombie process would keep its id.
    let ended = tokio::spawn(async move { child.wait().await.unwrap() });
    let _launcher = demo.start().await;
    assert!(!ended.await.unwrap().success());
}

#[tokio::test]
async fn a_second_demo_on_the_same_data_is_refused_in_one_line() {
    let demo = Demo::new();
    let _first = demo.start().await;
    let mut second = Demo::new();
    second.spec.args[3] = demo.folder.path().join("data").into();
    let status = second.ended(second.spawn()).await;
    assert_eq!(status.code(), Some(1));
    let line = second.last_line();
    assert!(line.contains("another demo uses") && line.contains("--data"), "{line}");
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_what_to_do() {
    let demo = Demo::new();
    let _taken = tokio::net::TcpListener::bind(demo.page()).await.unwrap();
    let status = demo.ended(demo.spawn()).await;
    assert_eq!(status.code(), Some(1));
    let line = demo.last_line();
    assert!(line.contains("is in use; choose another with --port"), "{line}");
}

#[tokio::test]
async fn a_page_on_all_addresses_is_reached_from_this_machine_and_from_others() {
    let mut demo = Demo::new();
    demo.spec.args.extend(["--host", "0.0.0.0"].map(Into::into));
    let _launcher = demo.start().await;
    // Any other address of this machine.
    let other = ([127, 0, 0, 2], demo.page().port()).into();
    let page = client::homepage::Homepage::new(other).unwrap();
    assert!(page.readiness().await.unwrap().status.is_success());
}

#[tokio::test]
async fn an_invalid_variable_stops_the_demo_with_the_line_that_names_it() {
    let mut demo = Demo::new();
    demo.spec.env.insert("KAFKA_PARTITIONS".into(), "many".into());
    let status = demo.ended(demo.spawn()).await;
    assert_eq!(status.code(), Some(2));
    let lines = demo.lines().join("\n");
    assert!(lines.contains("KAFKA_PARTITIONS") && lines.contains("many"), "{lines}");
}

#[tokio::test]
async fn a_killed_homepage_answers_again_at_its_address() {
    let demo = Demo::new();
    let _launcher = demo.start().await;
    let page = client::homepage::Homepage::new(demo.page()).unwrap();
    send(Signal::SIGKILL, demo.entry(HOMEPAGE)["pid"].as_i64().unwrap());
    within(Duration::from_secs(20), "the page is ready again", async || {
        demo.entry(HOMEPAGE)["restarts"] == 1
            && page.readiness().await.is_ok_and(|answer| answer.status.is_success())
    })
    .await;
}

//! A running stack: its processes, their logs, and requests to them.

use std::{net::SocketAddr, path::Path, process::ExitStatus, sync::Arc, time::Duration};

use client::{
    burst,
    eventually::{eventually, within},
    homepage::{Answer, Bullet, Burst, Feed, Homepage},
    kafka::Content,
    ledger::{Ledger, Sources},
};
use faults::{table_proxy::TableProxy, tcp_proxy::Fault};
use nix::sys::signal::Signal;
use process::{
    child::{Process, Spec, is_clean_exit},
    log::Log,
    port::Port,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
    proxies::Proxies,
    sink_file,
};

/// Longer than any start takes on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Longer than a service's default `SHUTDOWN_GRACE`.
const STOP: Duration = Duration::from_secs(40);

/// A running stack. Dropping it kills all processes and removes their data. If the test has failed, it
/// prints the last lines of each process.
#[derive(Debug)]
pub struct Stack {
    pub(crate) members: Vec<Member>,
    pub(crate) homepage: Homepage,
    pub(crate) table_proxy: Option<TableProxy>,
    pub(crate) data: Arc<TempDir>,
    pub(crate) proxies: Proxies,
}

/// One process of the stack; it may have ended, or not be started yet.
#[derive(Debug)]
pub(crate) struct Member {
    spec: Spec,
    log: Log,
    process: Option<Process>,
}

impl Member {
    pub(crate) fn new(spec: Spec, data: &Path) -> Self {
        let log = Log::open(&data.join("logs"), &spec.name, false).expect("a log");
        Self { spec, log, process: None }
    }
}

/// Processes: which there are, and starting and ending them.
impl Stack {
    /// Starts all processes but `later` in order. Then waits until the homepage is ready, if all run.
    pub(crate) async fn start_all(&mut self, later: &[String]) {
        for name in self.names().iter().filter(|name| !later.contains(name)) {
            self.start_again(name).await;
        }
        let has_homepage = self.members.iter().any(|member| member.spec.name == HOMEPAGE);
        if has_homepage && later.is_empty() {
            within(START, "the homepage is ready", async || self.is_ready(HOMEPAGE).await).await;
        }
    }

    /// The names of all processes, in the order of their start.
    pub fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.spec.name.clone()).collect()
    }

    pub fn address(&self, process: &str) -> SocketAddr {
        self.member(process).spec.port.address()
    }

    /// The id of a running process.
    pub fn pid(&self, process: &str) -> u32 {
        self.running(process).pid().expect("it has not been waited for")
    }

    pub fn data_folder(&self) -> &Path {
        self.data.path()
    }

    /// Whether a process has ended, by itself or by the test.
    pub fn has_ended(&mut self, process: &str) -> bool {
        self.member_mut(process).process.as_mut().is_none_or(Process::has_ended)
    }

    /// Stops a process from running (SIGSTOP). It keeps its connections and answers nothing.
    pub fn freeze(&self, process: &str) {
        self.running(process).signal(Signal::SIGSTOP);
    }

    /// Lets a frozen process continue (SIGCONT).
    pub fn unfreeze(&self, process: &str) {
        self.running(process).signal(Signal::SIGCONT);
    }

    /// Kills a process (SIGKILL) and waits for its end.
    pub async fn kill(&mut self, process: &str) {
        self.running(process).signal(Signal::SIGKILL);
        self.wait_exit(process).await;
    }

    /// Tells a process to stop (SIGTERM).
    pub fn request_stop(&self, process: &str) {
        self.running(process).signal(Signal::SIGTERM);
    }

    /// Tells a process to stop and waits for its end.
    pub async fn terminate(&mut self, process: &str) -> ExitStatus {
        self.request_stop(process);
        self.wait_exit(process).await
    }

    pub async fn wait_exit(&mut self, process: &str) -> ExitStatus {
        let mut ending = self.member_mut(process).process.take().expect("it runs");
        let ended = timeout(STOP, ending.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{process} has not ended within {STOP:?}"));
        ended.expect("a child can be waited for")
    }

    /// Starts a process that has ended, at the same address, and waits for its ready line.
    pub async fn start_again(&mut self, process: &str) {
        let member = self.member_mut(process);
        let has_ended = member.process.as_mut().is_none_or(Process::has_ended);
        assert!(has_ended, "{process} runs already");
        let mut started = Process::spawn(&member.spec, &member.log).expect("the program starts");
        let ready = timeout(START, started.ready()).await;
        member.process = Some(started);
        ready
            .unwrap_or_else(|_| panic!("{process} is not ready within {START:?}"))
            .unwrap_or_else(|error| panic!("{process} {error}"));
    }

    /// Ends a process and takes it out of the stack: somebody else runs it, or replicas of it.
    pub async fn take_out(&mut self, process: &str) -> Spec {
        let status = self.terminate(process).await;
        assert!(is_clean_exit(status), "{process} ended with {status}");
        let place = self.members.iter().position(|member| member.spec.name == process);
        self.members.remove(place.expect("it ran a moment ago")).spec
    }

    /// Sets a variable for the next starts of a process.
    pub fn set_var(&mut self, process: &str, variable: &str, value: &str) {
        self.member_mut(process).spec.env.insert(variable.into(), value.into());
    }

    /// The value that a process has for a variable.
    pub fn var(&self, process: &str, variable: &str) -> &str {
        &self.member(process).spec.env[variable]
    }

    /// Starts one more instance of the service `of`.
    pub async fn scale_out(&mut self, of: &str, replica: &str) {
        self.scale_out_with(of, replica, &[]).await;
    }

    /// Starts one more instance of the service `of`, with these variables changed.
    pub async fn scale_out_with(&mut self, of: &str, replica: &str, vars: &[(&str, &str)]) {
        let port = Port::reserve(0).expect("a free port");
        let mut spec = self.member(of).spec.replica(replica, port);
        spec.env.extend(vars.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self.members.push(Member::new(spec, self.data.path()));
        self.start_again(replica).await;
    }

    /// Replaces the list of processors of a stack with a [file](crate::Setup::sink_file) for it. Each may be a replica
    /// that [`Stack::scale_out`] has started.
    pub fn set_sink(&self, processors: &[&str]) {
        let url = |name: &&str| format!("http://{}", self.address(name));
        let urls: Vec<_> = processors.iter().map(url).collect();
        let written = sink_file::write(self.data.path(), &urls);
        written.expect("the data folder can be written");
    }

    /// Starts one more homepage and waits until it is ready.
    pub async fn add_homepage(&mut self, name: &str) -> Homepage {
        self.scale_out(HOMEPAGE, name).await;
        eventually("the other homepage is ready", async || self.is_ready(name).await).await;
        self.homepage_at(name)
    }

    /// Stops all processes in order, as the launcher does. Returns their data, for another stack.
    pub async fn stop_all(mut self) -> Arc<TempDir> {
        for name in self.names().iter().rev() {
            if self.member(name).process.is_some() {
                let status = self.terminate(name).await;
                assert!(is_clean_exit(status), "{name} ended with {status}");
            }
        }
        Arc::clone(&self.data)
    }

    fn running(&self, process: &str) -> &Process {
        self.member(process).process.as_ref().unwrap_or_else(|| panic!("{process} does not run"))
    }

    fn member(&self, process: &str) -> &Member {
        let found = self.members.iter().find(|member| member.spec.name == process);
        found.unwrap_or_else(|| panic!("there is no {process}"))
    }

    fn member_mut(&mut self, process: &str) -> &mut Member {
        let found = self.members.iter_mut().find(|member| member.spec.name == process);
        found.unwrap_or_else(|| panic!("there is no {process}"))
    }
}

/// Faults between processes, and in the table's answers.
impl Stack {
    /// Sets the fault between two processes of a stack with [TCP proxies](crate::Setup::tcp_proxies).
    ///
    /// Each name may be a prefix: `"message-processor"` means all processors, `""` all processes. To the
    /// broker, `from` may also be one Kafka client: `"event-router-producer"` or `"homepage-offsets"`. A
    /// replica uses the proxies of the process that it was copied from.
    pub fn break_between(&self, from: &str, to: &str, fault: Fault) {
        self.proxies.set(from, to, fault);
    }

    /// Ends all faults between processes.
    pub fn heal(&self) {
        self.proxies.heal();
    }

    /// The proxy before the table, of a stack with [one](crate::Setup::table_proxy).
    pub fn table_proxy(&self) -> &TableProxy {
        self.table_proxy.as_ref().expect("the stack was set up with a table proxy")
    }
}

/// What the processes have printed.
impl Stack {
    /// The last lines of a process since its start.
    pub fn tail(&self, process: &str) -> Vec<String> {
        self.member(process).log.tail()
    }

    /// Everything that a process has printed since the start of the stack.
    pub fn log(&self, process: &str) -> String {
        let log = self.data.path().join(format!("logs/{process}.log"));
        std::fs::read_to_string(log).expect("each process has a log")
    }

    /// How often a text occurs in the log of a process.
    pub fn count_in_log(&self, process: &str, text: &str) -> usize {
        self.log(process).matches(text).count()
    }

    /// Fails if a service has logged a panic, even one that it has caught.
    pub fn assert_nothing_panicked(&self) {
        for service in [HOMEPAGE, ROUTER, PROCESSOR] {
            let log = self.log(service);
            assert!(!log.contains("panicked"), "{service}: {log}");
        }
    }
}

/// Requests to the services. One that is not answered fails the test.
impl Stack {
    pub fn homepage(&self) -> &Homepage {
        &self.homepage
    }

    /// One of several homepages. For another service, only its health, readiness and metrics make sense.
    pub fn homepage_at(&self, process: &str) -> Homepage {
        Homepage::new(self.address(process)).expect("an HTTP client")
    }

    /// Whether `/readyz` of a service answers 200.
    pub async fn is_ready(&self, service: &str) -> bool {
        let answer = self.homepage_at(service).readiness().await;
        answer.is_ok_and(|answer| answer.status.is_success())
    }

    /// The answer of a service's `/readyz`.
    pub async fn readiness(&self, service: &str) -> Answer {
        self.homepage_at(service).readiness().await.expect("an answer to GET /readyz")
    }

    /// The value of a metric, by its name with labels; 0 if the service has no such series yet.
    pub async fn metric(&self, service: &str, series: &str) -> f64 {
        let value = self.homepage_at(service).metric(series).await;
        value.expect("an answer to GET /metrics")
    }

    /// Sends a burst that must be accepted. Returns its id.
    pub async fn send_burst(&self, burst: Value) -> String {
        let answer = self.homepage.post_burst(&burst).await.expect("an answer to POST /bursts");
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
        answer.body["id"].as_str().expect("a burst has an id").into()
    }

    pub async fn burst(&self, id: &str) -> Burst {
        self.homepage.burst(id).await.expect("an answer to GET /bursts/{id}")
    }

    /// Waits until a burst is neither running nor draining.
    pub async fn settled(&self, id: &str) -> Burst {
        burst::settled(&self.homepage, id).await
    }

    /// Every row of a burst.
    pub async fn results(&self, id: &str) -> Vec<Bullet> {
        self.homepage.results(id).await.expect("an answer to GET /bursts/{id}/results")
    }

    /// The newest bullets after a cursor.
    pub async fn feed(&self, after: Option<&str>, limit: u32) -> Feed {
        self.homepage.feed(after, limit).await.expect("an answer to GET /feed")
    }

    /// Sends one message, which may be refused.
    pub async fn post_message(&self, text: &str) -> Answer {
        self.homepage.post_message(text).await.expect("an answer to POST /messages")
    }
}

/// The ledger: what became of each message, read from Kafka and the table.
impl Stack {
    /// The ledger of one burst, in a stack without `FILTERS`.
    pub async fn ledger(&self, burst: &str) -> Ledger {
        self.ledger_filtered(burst, |_| false).await
    }

    /// The ledger of one burst. `filtered` says which records the router's filters stop.
    pub async fn ledger_filtered(
        &self,
        burst: &str,
        filtered: impl Fn(&Content) -> bool,
    ) -> Ledger {
        Ledger::of(self.sources(), |id| id.burst == burst, filtered).await
    }

    /// The ledger of all bursts. `filtered` says which records the router's filters stop.
    pub async fn ledger_of_all(&self, filtered: impl Fn(&Content) -> bool) -> Ledger {
        Ledger::of(self.sources(), |_| true, filtered).await
    }

    /// Fails unless exactly `accepted` messages of the burst are in Kafka and each ended as promised.
    pub async fn assert_complete(&self, burst: &str, accepted: u64) {
        let ledger = self.ledger(burst).await;
        assert_eq!(ledger.faults(), Vec::<String>::new());
        assert_eq!(ledger.accepted() as u64, accepted);
        assert_eq!(ledger.stored() + ledger.dead(), ledger.accepted());
    }

    fn sources(&self) -> Sources {
        Sources { broker: self.address(BROKER), table: self.address(TABLE) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Ended first, so that the logs have their last lines. In reverse order, so that no service
            // complains of what was ended before it.
            self.members.iter_mut().rev().for_each(|member| drop(member.process.take()));
            let tail = |member: &Member| (member.spec.name.clone(), member.log.tail());
            for (name, tail) in self.members.iter().map(tail).filter(|(_, tail)| !tail.is_empty()) {
                eprintln!("--- the last lines of {name}:\n{}", tail.join("\n"));
            }
        }
    }
}

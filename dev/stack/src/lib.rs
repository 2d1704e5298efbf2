//! All processes of one run, in the hands of a test: real binaries, free ports, fresh data.

mod account;
mod asking;
pub mod backend;
mod logs;
pub mod plan;
mod proxies;
pub mod real;
mod setup;
pub mod usage;

use std::{net::SocketAddr, path::Path, process::ExitStatus, sync::Arc, time::Duration};

use client::{eventually::within, homepage::Homepage};
use faults::table_proxy::TableProxy;
use nix::sys::signal::Signal;
use process::{
    child::{Process, Spec, is_clean_exit},
    log::Log,
    port::Port,
};
use tempfile::TempDir;
use tokio::time::timeout;

use self::proxies::Proxies;
pub use self::setup::{Setup, program, programs};
use crate::plan::name;

/// Longer than any start takes on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Longer than the grace that a service has to stop in.
const END: Duration = Duration::from_secs(40);

/// A running stack. Dropping it kills all its processes and removes its data.
#[derive(Debug)]
pub struct Stack {
    members: Vec<Member>,
    homepage: Homepage,
    front: Option<TableProxy>,
    data: Arc<TempDir>,
    proxies: Proxies,
}

#[derive(Debug)]
struct Member {
    spec: Spec,
    log: Log,
    process: Option<Process>,
}

impl Stack {
    /// A stack with nothing special.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// A stack with variables: process, name, value.
    pub async fn with<const N: usize>(vars: [(&str, &str, &str); N]) -> Self {
        let setup = Setup::default();
        vars.iter().fold(setup, |setup, (of, name, value)| setup.var(of, name, value)).start().await
    }

    /// Its page and API.
    pub fn homepage(&self) -> &Homepage {
        &self.homepage
    }

    /// The front before the table, of a stack that was set up with one.
    pub fn table_proxy(&self) -> &TableProxy {
        self.front.as_ref().expect("the stack was set up with a front before its table")
    }

    /// The page and API of one of several homepages.
    pub fn homepage_at(&self, process: &str) -> Homepage {
        Homepage::new(self.address(process)).expect("an HTTP client")
    }

    /// Where a process listens.
    pub fn address(&self, process: &str) -> SocketAddr {
        self.member(process).spec.port.address()
    }

    /// The process id of a process that runs.
    pub fn pid(&self, process: &str) -> u32 {
        self.running(process).pid().expect("it has not been waited for")
    }

    /// The folder of its data.
    pub fn data_folder(&self) -> &Path {
        self.data.path()
    }

    /// The names of all processes, in the order of their start.
    pub fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.spec.name.clone()).collect()
    }

    /// Whether a process has ended, waited for or not.
    pub fn has_ended(&mut self, process: &str) -> bool {
        self.member_mut(process).process.as_mut().is_none_or(Process::has_ended)
    }

    /// Freezes a process, as a machine does that swaps or a network that is cut.
    pub fn stop(&self, process: &str) {
        self.running(process).signal(Signal::SIGSTOP);
    }

    /// Lets a frozen process go on.
    pub fn cont(&self, process: &str) {
        self.running(process).signal(Signal::SIGCONT);
    }

    /// Kills a process: kill -9.
    pub async fn kill(&mut self, process: &str) {
        self.running(process).signal(Signal::SIGKILL);
        self.wait_exit(process).await;
    }

    /// Asks a process to stop: SIGTERM.
    pub fn ask_to_stop(&self, process: &str) {
        self.running(process).signal(Signal::SIGTERM);
    }

    /// Asks a process to stop and waits until it has.
    pub async fn terminate(&mut self, process: &str) -> ExitStatus {
        self.ask_to_stop(process);
        self.wait_exit(process).await
    }

    /// Waits for the end of a process.
    pub async fn wait_exit(&mut self, process: &str) -> ExitStatus {
        let mut ending = self.member_mut(process).process.take().expect("it runs");
        let ended = timeout(END, ending.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{process} has not ended within {END:?}"));
        ended.expect("a child can be waited for")
    }

    /// Starts a process that has ended, where it was before, and waits until it is ready.
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

    /// From its next start on, a process has this variable.
    pub fn set_var(&mut self, process: &str, variable: &str, value: &str) {
        self.member_mut(process).spec.env.insert(variable.into(), value.into());
    }

    /// What a process was given for a variable.
    pub fn var(&self, process: &str, variable: &str) -> &str {
        &self.member(process).spec.env[variable]
    }

    /// Starts one more process like `of`, as somebody does who scales it out.
    pub async fn scale_out(&mut self, of: &str, twin: &str) {
        self.scale_out_with(of, twin, &[]).await;
    }

    /// Starts one more process like `of`, but for these variables.
    pub async fn scale_out_with(&mut self, of: &str, twin: &str, vars: &[(&str, &str)]) {
        let port = Port::reserve(0).expect("a free port");
        let mut spec = self.member(of).spec.replica(twin, port);
        spec.env.extend(vars.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let log = Log::open(&self.data.path().join("logs"), twin, false).expect("a log");
        self.members.push(Member { spec, log, process: None });
        self.start_again(twin).await;
    }

    /// Stops all, as the launcher does, and hands over the data.
    pub async fn stop_all(mut self) -> Arc<TempDir> {
        for name in self.names().iter().rev() {
            if self.member(name).process.is_some() {
                let status = self.terminate(name).await;
                assert!(is_clean_exit(status), "{name} ended with {status}");
            }
        }
        Arc::clone(&self.data)
    }

    async fn start_all(&mut self, but: &[String]) {
        for name in self.names().iter().filter(|name| !but.contains(name)) {
            self.start_again(name).await;
        }
        let homepage = self.homepage.clone();
        let has_homepage = self.members.iter().any(|member| member.spec.name == name::HOMEPAGE);
        if !has_homepage || !but.is_empty() {
            return;
        }
        within(START, "the homepage says it is ready", async || {
            homepage.readiness().await.is_ok_and(|answer| answer.status.is_success())
        })
        .await;
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

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Ended first, so that their last words are among the lines; those who would complain
            // of it before those they need.
            self.members.iter_mut().rev().for_each(|member| drop(member.process.take()));
            let named = |member: &Member| (member.spec.name.clone(), member.log.tail());
            for (name, tail) in self.members.iter().map(named).filter(|(_, tail)| !tail.is_empty())
            {
                eprintln!("--- the last lines of {name}:\n{}", tail.join("\n"));
            }
        }
    }
}

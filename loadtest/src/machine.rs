//! This machine: what it is, and what the processes of a barrage use that runs on it.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use client::http::Url;
use serde::Deserialize;
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind,
    System,
};

use crate::report::{Environment, Process};

/// Which processes serve metrics, by the begin of their names: those of several end in `-1`, `-2` and so on.
const SERVICES: [&str; 3] = ["message-processor", "event-router", "homepage"];

/// Describes this machine; `local` says whether barrage runs on it too.
pub(crate) fn environment(local: bool) -> Environment {
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what);
    let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Environment {
        version: env!("CARGO_PKG_VERSION").into(),
        system: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.into()),
        cpu: cpu.filter(|cpu| !cpu.is_empty()),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_mib: Some(system.total_memory() >> 20).filter(|mib| *mib > 0),
        local,
    }
}

/// The `stack.json` of `cargo demo`.
#[derive(Debug, Deserialize)]
struct Processes {
    page: String,
    processes: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    name: String,
    pid: Option<u32>,
    address: String,
    #[serde(default)]
    restarts: u32,
}

/// A `stack.json` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0} cannot be read")]
    File(PathBuf, #[source] io::Error),
    #[error("{0} is not a stack.json of cargo demo")]
    Form(PathBuf, #[source] serde_json::Error),
}

/// The processes of a barrage, and our own.
#[derive(Debug)]
pub(crate) struct Stack {
    file: Option<PathBuf>,
    system: System,
    /// The CPU time of each process when it was last read.
    busy: HashMap<Pid, Duration>,
}

impl Stack {
    /// The stack of that file; without one, only our own process.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, system: System::new(), busy: HashMap::new() }
    }

    /// The file, if it describes the stack whose page has this URL.
    pub(crate) fn of_page(file: &Path, page: &Url) -> Option<PathBuf> {
        let listed = Url::parse(&read(file).ok()?.page).ok()?;
        // Another scheme is a gateway, perhaps of another barrage.
        let place = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
        let is_here = is_loopback(page) && place(&listed) == place(page);
        is_here.then(|| file.to_owned())
    }

    pub(crate) fn is_known(&self) -> bool {
        self.file.is_some()
    }

    /// Where its services serve their metrics.
    pub(crate) fn metrics(&self) -> Result<Vec<Url>, Unreadable> {
        let Some(file) = &self.file else { return Ok(Vec::new()) };
        let members = read(file)?.processes.into_iter();
        let is_service = |member: &Member| SERVICES.iter().any(|it| member.name.starts_with(it));
        let url = |member: Member| Url::parse(&format!("http://{}/metrics", member.address)).ok();
        Ok(members.filter(is_service).filter_map(url).collect())
    }

    /// What each process has used since it was last read, so long ago.
    pub(crate) fn usage(&mut self, since: Duration) -> Vec<Process> {
        let members = self.file.as_deref().and_then(|file| read(file).ok());
        let mut members = members.map_or_else(Vec::new, |stack| stack.processes);
        members.push(Member {
            name: "loadtest".into(),
            pid: Some(std::process::id()),
            address: String::new(),
            restarts: 0,
        });
        let pids: Vec<_> = members.iter().filter_map(|it| it.pid).map(Pid::from_u32).collect();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, what);
        members.into_iter().map(|member| self.usage_of(member, since)).collect()
    }

    fn usage_of(&mut self, member: Member, since: Duration) -> Process {
        let pid = member.pid.map(Pid::from_u32);
        let found = pid.and_then(|pid| self.system.process(pid));
        let now = found.map(|found| Duration::from_millis(found.accumulated_cpu_time()));
        let before = pid.zip(now).and_then(|(pid, now)| self.busy.insert(pid, now));
        let cpu =
            now.zip(before).map(|(now, before)| now.saturating_sub(before).div_duration_f64(since));
        let rss_mib = found.map(|found| found.memory() as f64 / f64::from(1 << 20));
        Process { name: member.name, cpu, rss_mib, restarts: member.restarts }
    }
}

fn read(file: &Path) -> Result<Processes, Unreadable> {
    let text = fs::read(file).map_err(|error| Unreadable::File(file.to_owned(), error))?;
    serde_json::from_slice(&text).map_err(|error| Unreadable::Form(file.to_owned(), error))
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_matches(['[', ']']);
            host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        None => false,
    }
}

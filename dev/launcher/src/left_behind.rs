//! Processes that a launcher left running when it was killed. Mostly there are none: the kernel
//! kills them with it, where it can (see [`process::death_signal`]).

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stack::plan;
use tokio::time::{Instant, interval};

use crate::roster;

/// How long the kernel may take to end a killed process.
const DEADLINE: Duration = Duration::from_secs(5);

/// Kills the processes that the folder's last launcher noted and that still run. The caller holds
/// the folder's lock, so that launcher is dead.
pub(crate) async fn end_all(folder: &Path) {
    let noted = roster::read(folder).map(|roster| roster.processes).unwrap_or_default();
    for entry in noted {
        if let Some(pid) = entry.pid.filter(|pid| is_ours(*pid, folder)) {
            eprintln!("ending {} (process {pid}), left behind by an earlier demo", entry.name);
            end(pid, folder).await;
        }
    }
}

async fn end(pid: u32, folder: &Path) {
    let Ok(raw) = i32::try_from(pid) else { return };
    // It may have ended by now. What it holds survives kill -9, so that is no loss.
    _ = kill(Pid::from_raw(raw), Signal::SIGKILL);
    let started = Instant::now();
    let mut again = interval(Duration::from_millis(10));
    while is_ours(pid, folder) && started.elapsed() < DEADLINE {
        again.tick().await;
    }
}

/// A process id may have gone to somebody else since. Ours runs one of our programs inside the
/// data folder.
fn is_ours(pid: u32, folder: &Path) -> bool {
    let link = |name: &str| fs::read_link(format!("/proc/{pid}/{name}")).ok();
    let program = link("exe").is_some_and(|exe| plan::PROGRAMS.contains(&file_name(&exe).as_str()));
    program && link("cwd").is_some_and(|cwd| cwd.starts_with(folder))
}

/// The kernel marks a program that was built anew since as deleted.
fn file_name(exe: &PathBuf) -> String {
    let name = Path::new(exe).file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.trim_end_matches(" (deleted)").into()
}

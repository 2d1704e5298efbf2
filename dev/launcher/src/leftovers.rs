//! Ends processes that still run because their launcher was killed. Usually there are none: the kernel
//! kills them with the launcher, where it can (see [`process::death_signal`]).

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

use crate::stack_file;

/// How long the kernel may take to end a killed process.
const DEADLINE: Duration = Duration::from_secs(5);

/// Kills the processes of the folder's `stack.json` that still run. The caller holds
/// the folder's lock, so their launcher is dead.
pub(crate) async fn end_all(folder: &Path) {
    let entries = stack_file::read(folder).map(|content| content.processes).unwrap_or_default();
    for entry in entries {
        if let Some(pid) = entry.pid.filter(|pid| is_ours(*pid, folder)) {
            eprintln!(
                "ending {} (process {pid}), which an earlier demo has left running",
                entry.name
            );
            end(pid, folder).await;
        }
    }
}

async fn end(pid: u32, folder: &Path) {
    let Ok(raw) = i32::try_from(pid) else { return };
    // It may end by itself at this moment. Its data survives SIGKILL.
    _ = kill(Pid::from_raw(raw), Signal::SIGKILL);
    let started = Instant::now();
    let mut due = interval(Duration::from_millis(10));
    while is_ours(pid, folder) && started.elapsed() < DEADLINE {
        due.tick().await;
    }
}

/// Another program may have the process id by now. Ours runs one of our programs inside the data folder.
fn is_ours(pid: u32, folder: &Path) -> bool {
    let link = |name: &str| fs::read_link(format!("/proc/{pid}/{name}")).ok();
    let program = link("exe").is_some_and(|exe| plan::PROGRAMS.contains(&file_name(&exe).as_str()));
    program && link("cwd").is_some_and(|cwd| cwd.starts_with(folder))
}

/// The kernel adds ` (deleted)` if the program was built again since.
fn file_name(exe: &PathBuf) -> String {
    let name = Path::new(exe).file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.trim_end_matches(" (deleted)").into()
}

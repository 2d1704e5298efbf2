//! A full disk, for one process and for as long as a test wants.

use std::process::Stdio;

use tokio::process::Command;

/// From now on no file of this process can grow: such a write fails, as on a full disk.
///
/// This needs neither privileges nor a disk of its own. `prlimit` (util-linux) lowers the process's soft
/// limit on the size of files, and leaves the hard limit alone.
pub async fn fill(pid: u32) {
    limit(pid, "0").await;
}

/// From now on files can grow again.
pub async fn free(pid: u32) {
    limit(pid, "unlimited").await;
}

async fn limit(pid: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:")]).stdin(Stdio::null());
    let status = command.status().await.expect("prlimit (util-linux) is installed");
    assert!(status.success(), "prlimit ended with {status}");
}

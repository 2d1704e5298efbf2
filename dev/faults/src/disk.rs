//! A disk that is full, for one process and for as long as a test wants.

use std::process::Stdio;

use tokio::process::Command;

/// From now on no file of this process grows: what would make one grow fails, as on a full disk.
///
/// It needs no privilege and no disk of its own: `prlimit` (util-linux) lowers the limit of the
/// process on the size of its files, and what the kernel allows at most stays.
pub async fn fill(pid: u32) {
    limit(pid, "0").await;
}

/// From now on there is room again.
pub async fn free(pid: u32) {
    limit(pid, "unlimited").await;
}

async fn limit(pid: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:")]).stdin(Stdio::null());
    let status = command.status().await.expect("util-linux is there");
    assert!(status.success(), "prlimit ended with {status}");
}

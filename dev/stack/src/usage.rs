//! The CPU time and memory of processes, from `/proc`.

use std::{fs, io, time::Duration};

use crate::Stack;

/// The unit of CPU times in `/proc`: a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// What one process has used since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub name: String,
    pub cpu: Duration,
    /// The most resident memory so far (VmHWM).
    pub peak_kib: u64,
    /// The resident memory now (VmRSS).
    pub now_kib: u64,
}

/// The usage of every process of a stack. All of them must run.
pub fn of(stack: &Stack) -> io::Result<Vec<Usage>> {
    stack.names().iter().map(|name| of_process(stack, name)).collect()
}

/// The usage of one running process.
pub fn of_process(stack: &Stack, name: &str) -> io::Result<Usage> {
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", stack.pid(name)));
    let (stat, status) = (read("stat")?, read("status")?);
    parse(name, &stat, &status).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The CPU time of those threads of a process whose names start with one of these. An error if there is no
/// such thread. Linux keeps the first 15 characters of a thread's name.
pub fn of_threads(pid: u32, names: &[&str]) -> io::Result<Duration> {
    let mut busy = None;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // The thread may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
        let name = stat.split_once('(').map(|(_, rest)| rest).unwrap_or_default();
        if names.iter().any(|wanted| name.starts_with(wanted)) {
            let cpu = cpu(&stat).ok_or(io::ErrorKind::InvalidData)?;
            busy = Some(busy.unwrap_or_default() + cpu);
        }
    }
    busy.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// User and system time of a process or thread, from its `stat` file.
fn cpu(stat: &str) -> Option<Duration> {
    // The second field is the program's name in brackets. It may contain spaces.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * (user + system))
}

fn parse(name: &str, stat: &str, status: &str) -> Option<Usage> {
    let kib = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    let (peak_kib, now_kib) = (kib("VmHWM:")?, kib("VmRSS:")?);
    Some(Usage { name: name.into(), cpu: cpu(stat)?, peak_kib, now_kib })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_stat_and_status() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 1 2 3";
        let status = "Name:\tbroker\nVmHWM:\t   48000 kB\nVmRSS:\t   22000 kB\n";
        let expected = Usage {
            name: "broker".into(),
            cpu: Duration::from_secs(2),
            peak_kib: 48_000,
            now_kib: 22_000,
        };
        assert_eq!(parse("broker", stat, status), Some(expected));
    }

    #[test]
    fn a_missing_thread_is_an_error_and_not_an_idle_thread() {
        let of = |name| of_threads(std::process::id(), &[name]).map_err(|error| error.kind());
        assert_eq!(of("nobody"), Err(io::ErrorKind::NotFound));
        assert!(of("").is_ok(), "every name starts so");
    }
}

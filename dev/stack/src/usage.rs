//! What each process has used so far, as Linux accounts for it.

use std::{fs, io, time::Duration};

use crate::Stack;

/// Linux counts a process's time in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What one process has used so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Its name.
    pub name: String,
    /// How long it has kept a core busy.
    pub cpu: Duration,
    /// The most memory it has held, in KiB.
    pub peak_kib: u64,
    /// The memory it holds, in KiB.
    pub now_kib: u64,
}

/// The usage of each process of a stack.
pub fn of(stack: &Stack) -> io::Result<Vec<Usage>> {
    stack.names().iter().map(|name| of_process(stack, name)).collect()
}

/// The usage of one that runs.
pub fn of_process(stack: &Stack, name: &str) -> io::Result<Usage> {
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", stack.pid(name)));
    let (stat, status) = (read("stat")?, read("status")?);
    parse(name, &stat, &status).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// How long those threads of a process have kept a core busy whose names start like one of these; there
/// must be one. Linux knows the first 15 characters of a name.
pub fn of_threads(pid: u32, names: &[&str]) -> io::Result<Duration> {
    let mut busy = None;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that has ended meanwhile has no more to say.
        let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
        let name = stat.split_once('(').map(|(_, rest)| rest).unwrap_or_default();
        if names.iter().any(|wanted| name.starts_with(wanted)) {
            let cpu = cpu(&stat).ok_or(io::ErrorKind::InvalidData)?;
            busy = Some(busy.unwrap_or_default() + cpu);
        }
    }
    busy.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Of a process or a thread.
fn cpu(stat: &str) -> Option<Duration> {
    // The second field is the program's name in brackets, which may hold blanks.
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
    fn usage_is_read_from_what_linux_says() {
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
    fn a_thread_that_there_is_not_is_not_taken_for_an_idle_one() {
        let of = |name| of_threads(std::process::id(), &[name]).map_err(|error| error.kind());
        assert_eq!(of("nobody"), Err(io::ErrorKind::NotFound));
        assert!(of("").is_ok(), "every name starts so");
    }
}

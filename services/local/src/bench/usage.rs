//! What each process has used so far, as Linux accounts for it.

use std::{fs, time::Duration};

use anyhow::Context as _;
use local::stack::Stack;

/// Linux counts a process's time in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What one process has used so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) name: String,
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u64,
    pub(crate) now_kib: u64,
}

/// The usage of each process of a stack.
pub(crate) fn of(stack: &Stack) -> anyhow::Result<Vec<Usage>> {
    stack.names().iter().map(|name| of_process(stack, name)).collect()
}

/// The usage of one that runs.
pub(crate) fn of_process(stack: &Stack, name: &str) -> anyhow::Result<Usage> {
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", stack.pid(name)));
    let (stat, status) = (read("stat")?, read("status")?);
    parse(name, &stat, &status).with_context(|| format!("the usage of {name}"))
}

fn parse(name: &str, stat: &str, status: &str) -> Option<Usage> {
    // The second field is the program's name in brackets, which may hold blanks.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let kib = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    let (peak_kib, now_kib) = (kib("VmHWM:")?, kib("VmRSS:")?);
    Some(Usage { name: name.into(), cpu: TICK * (user + system), peak_kib, now_kib })
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
}

//! What this process takes of the machine, under the names that Prometheus' own clients give it.

use std::fs;

/// How many ticks of a process's time Linux counts in a second, on every machine.
const TICKS: f64 = 100.0;

/// The lines of `/metrics` about it; none where the system does not tell.
pub(super) fn render() -> String {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let (stat, status) = (read("/proc/self/stat"), read("/proc/self/status"));
    let cpu = cpu_seconds(&stat).map(|seconds| {
        let name = "process_cpu_seconds_total";
        format!("# HELP {name} Processor time used.\n# TYPE {name} counter\n{name} {seconds}\n\n")
    });
    let memory = resident_bytes(&status).map(|bytes| {
        let name = "process_resident_memory_bytes";
        format!("# HELP {name} Memory in use.\n# TYPE {name} gauge\n{name} {bytes}\n\n")
    });
    cpu.into_iter().chain(memory).collect()
}

/// The 14th and 15th field are its time in its own code and in the kernel. The 2nd is its name in
/// brackets, which may hold blanks.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut ticks = after_name.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_moves_no_field() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 3 0 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(4.0));
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(resident_bytes("Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2 << 20));
    }

    #[test]
    fn what_the_system_does_not_tell_is_left_out() {
        assert_eq!((cpu_seconds(""), resident_bytes("")), (None, None));
        assert!(render().contains("\nprocess_cpu_seconds_total "), "{}", render());
        assert!(render().contains("\nprocess_resident_memory_bytes "), "{}", render());
    }
}

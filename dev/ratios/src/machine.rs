//! The machine on which was measured, from `/proc`.

use std::{fmt, fs, thread};

use jiff::Timestamp;

/// The first line of the report: day, machine and build.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    day: String,
    cores: usize,
    model: String,
    memory_mib: u64,
    kernel: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            day: Timestamp::now().strftime("%F").to_string(),
            cores: thread::available_parallelism().map_or(0, usize::from),
            model: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            memory_mib: memory(&read("/proc/meminfo")).unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, cores, model, memory_mib, kernel } = self;
        let build = if cfg!(debug_assertions) {
            "dev build (figures mean little)"
        } else {
            "release build"
        };
        write!(f, "{day}, {cores} cores ({model}), {memory_mib} MiB, Linux {kernel}, {build}")
    }
}

fn memory(meminfo: &str) -> Option<u64> {
    let kib: u64 = field(meminfo, "MemTotal")?.trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024)
}

/// The value of the first line of the form `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpuinfo_and_meminfo_are_read() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\nprocessor\t: 1\n";
        assert_eq!(field(cpuinfo, "model name").as_deref(), Some("AMD EPYC"));
        assert_eq!(memory("MemTotal:       24576000 kB\nMemFree: 1 kB\n"), Some(24_000));
        assert_eq!(memory(""), None);
    }
}

//! The machine on which was measured.

use std::{fmt, thread};

use jiff::Timestamp;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

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
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what);
        let model = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Self {
            day: Timestamp::now().strftime("%F").to_string(),
            cores: thread::available_parallelism().map_or(0, usize::from),
            model: model.unwrap_or_default(),
            memory_mib: system.total_memory() >> 20,
            kernel: System::kernel_version().unwrap_or_default(),
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

//! The machine that a run was made on.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::report::Environment;

/// This machine; `local` is whether barrage runs on it too.
pub(crate) fn here(local: bool) -> Environment {
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what);
    let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Environment {
        version: env!("CARGO_PKG_VERSION").into(),
        system: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.into()),
        cpu: cpu.filter(|cpu| !cpu.is_empty()),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_mib: Some(system.total_memory() >> 20).filter(|mib| *mib > 0),
        local,
    }
}

//! How many processors this machine can hold, roughly.

use std::thread;

use sysinfo::System;

/// What a processor needs of the memory: measured 25 MiB in a debug build, with room for more under load.
const MEMORY: u64 = 48 << 20;

/// How many processors share a core. Measured in a debug build: 0.085 cores for one that processes 58 messages a
/// second. The other processes need the rest.
const PER_CORE: u64 = 8;

/// A machine, or what a container may use of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    cores: u64,
    /// Bytes that are not in use.
    free: u64,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> Self {
        let mut system = System::new();
        system.refresh_memory();
        let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { cores: cores as u64, free: system.available_memory().min(limit) }
    }

    /// How many processors fit, at least one.
    pub(crate) fn fits(self) -> u64 {
        (self.cores * PER_CORE).min(self.free / MEMORY).max(1)
    }

    /// One line if it cannot hold so many.
    pub(crate) fn warning(self, most: u16) -> Option<String> {
        let (fits, cores, free) = (self.fits(), self.cores, self.free >> 20);
        (u64::from(most) > fits).then(|| {
            format!(
                "warning: {most} message-processors are more than this machine can hold: \
                 with {cores} cores and {free} MiB of free memory, {fits} fit"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_and_memory_both_limit_what_fits() {
        let machine = |cores, mib: u64| Machine { cores, free: mib << 20 };
        assert_eq!(machine(2, 20_000).fits(), 16);
        assert_eq!(machine(2, 480).fits(), 10);
        assert_eq!(machine(1, 0).fits(), 1);
        assert_eq!(machine(2, 20_000).warning(16), None);
        let warning = machine(2, 20_000).warning(64).unwrap();
        assert!(warning.contains("16 fit"), "{warning}");
    }
}

//! Which cores processes run on.

use std::{fs, io, process};

use anyhow::ensure;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use stack::{Stack, plan::name::HOMEPAGE};

/// While this lives, the homepage of a stack has one core for itself, and this program has none of it.
#[derive(Debug)]
pub(crate) struct OneCore {
    all: CpuSet,
}

impl OneCore {
    /// Fails if there is only one core.
    pub(crate) fn for_homepage(stack: &Stack) -> anyhow::Result<Self> {
        let all = sched_getaffinity(Pid::from_raw(0))?;
        let cores: Vec<_> =
            (0..CpuSet::count()).filter(|core| all.is_set(*core) == Ok(true)).collect();
        ensure!(
            cores.len() > 1,
            "one core for the homepage and another one for all others are needed"
        );
        let (one, others) = (set(&cores[..1])?, set(&cores[1..])?);
        for name in stack.names() {
            pin(stack.pid(&name), if name == HOMEPAGE { &one } else { &others })?;
        }
        pin(process::id(), &others)?;
        Ok(Self { all })
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        if let Err(error) = pin(process::id(), &self.all) {
            eprintln!("this program keeps to some of the cores: {error}");
        }
    }
}

fn set(cores: &[usize]) -> nix::Result<CpuSet> {
    let mut set = CpuSet::new();
    cores.iter().try_for_each(|core| set.set(*core))?;
    Ok(set)
}

/// Lets all threads of a process run on these cores only. Threads that they start inherit it.
fn pin(pid: u32, cores: &CpuSet) -> io::Result<()> {
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let id = thread?.file_name().to_str().and_then(|id| id.parse().ok());
        let id = id.ok_or(io::ErrorKind::InvalidData)?;
        match sched_setaffinity(Pid::from_raw(id), cores) {
            // The thread may have ended meanwhile.
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

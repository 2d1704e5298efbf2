//! `stack.json`: which processes run, for people, scripts and the launcher's next start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use process::child::Spec;
use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub(crate) const FILE: &str = "stack.json";

/// What the file holds.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Processes {
    /// Where the page is.
    pub(crate) page: String,
    /// The launcher's process id.
    pub(crate) pid: u32,
    /// Every process, in the order of its start.
    pub(crate) processes: Vec<Entry>,
}

/// One process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its process id; none while it does not run.
    pub(crate) pid: Option<u32>,
    /// Where it listens, running or not.
    pub(crate) address: String,
    /// How often it was started again.
    pub(crate) restarts: u32,
}

/// Keeps the file true.
#[derive(Debug)]
pub(crate) struct Roster {
    path: PathBuf,
    processes: Mutex<Processes>,
}

impl Roster {
    /// Writes the file with nothing running yet.
    pub(crate) fn create(folder: &Path, page: &str, specs: &[Spec]) -> io::Result<Self> {
        let entry = |spec: &Spec| Entry {
            name: spec.name.clone(),
            pid: None,
            address: spec.port.address().to_string(),
            restarts: 0,
        };
        let processes = Processes {
            page: page.into(),
            pid: std::process::id(),
            processes: specs.iter().map(entry).collect(),
        };
        let path = folder.join(FILE);
        write(&path, &processes)?;
        Ok(Self { path, processes: Mutex::new(processes) })
    }

    /// Notes the process that runs under a name now, or that none does.
    pub(crate) fn note(&self, name: &str, pid: Option<u32>, restarts: u32) {
        let mut held = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in held.processes.iter_mut().filter(|entry| entry.name == name) {
            entry.pid = pid;
            entry.restarts = restarts;
        }
        if let Err(error) = write(&self.path, &held) {
            eprintln!("cannot write {}: {error}", self.path.display());
        }
    }

    /// Removes the file: nothing runs any more.
    pub(crate) fn remove(&self) {
        // Gone already is as good.
        _ = fs::remove_file(&self.path);
    }
}

/// What a launcher wrote last into this folder; nothing when it ended in order.
pub(crate) fn read(folder: &Path) -> Option<Processes> {
    let text = fs::read_to_string(folder.join(FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whoever reads the file sees all of it or the one before.
fn write(path: &Path, processes: &Processes) -> io::Result<()> {
    let next = path.with_extension("json.next");
    fs::write(&next, serde_json::to_string_pretty(processes)?)?;
    fs::rename(next, path)
}

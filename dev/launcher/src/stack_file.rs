//! `stack.json`: which processes run. People, scripts and the launcher's next start read it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use process::child::Spec;
use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub(crate) const FILE: &str = "stack.json";

/// The content of the file.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Content {
    /// The address of the page.
    pub(crate) page: String,
    pub(crate) pid: u32,
    /// All processes, in the order of their starts.
    pub(crate) processes: Vec<Entry>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// None while the process does not run.
    pub(crate) pid: Option<u32>,
    /// Where it listens, even while it does not run.
    pub(crate) address: String,
    pub(crate) restarts: u32,
}

impl Entry {
    fn of(spec: &Spec) -> Self {
        let address = spec.port.address().to_string();
        Self { name: spec.name.clone(), pid: None, address, restarts: 0 }
    }
}

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct StackFile {
    path: PathBuf,
    content: Mutex<Content>,
}

impl StackFile {
    /// Writes the file, before any process runs.
    pub(crate) fn create(folder: &Path, page: &str, specs: &[&Spec]) -> io::Result<Self> {
        let content = Content {
            page: page.into(),
            pid: std::process::id(),
            processes: specs.iter().map(|spec| Entry::of(spec)).collect(),
        };
        let path = folder.join(FILE);
        write(&path, &content)?;
        Ok(Self { path, content: Mutex::new(content) })
    }

    /// Adds a process that comes while the others run.
    pub(crate) fn add(&self, spec: &Spec) {
        self.change(|content| content.processes.push(Entry::of(spec)));
    }

    /// Removes a process that has gone.
    pub(crate) fn forget(&self, name: &str) {
        self.change(|content| content.processes.retain(|entry| entry.name != name));
    }

    /// Writes the process id that a process has now; none if it does not run.
    pub(crate) fn update(&self, name: &str, pid: Option<u32>, restarts: u32) {
        self.change(|content| {
            for entry in content.processes.iter_mut().filter(|entry| entry.name == name) {
                entry.pid = pid;
                entry.restarts = restarts;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.content.lock();
        change(&mut content);
        if let Err(error) = write(&self.path, &content) {
            eprintln!("cannot write {}: {error}", self.path.display());
        }
    }

    /// Where a process listens; empty if there is no such process.
    pub(crate) fn address(&self, name: &str) -> String {
        let content = self.content.lock();
        let entry = content.processes.iter().find(|entry| entry.name == name);
        entry.map(|entry| entry.address.clone()).unwrap_or_default()
    }

    /// Removes the file, after all processes have ended.
    pub(crate) fn remove(&self) {
        // It is no error if somebody has removed it already.
        _ = fs::remove_file(&self.path);
    }
}

/// The file that the last launcher on this folder has left. None if that launcher ended in order.
pub(crate) fn read(folder: &Path) -> Option<Content> {
    let text = fs::read_to_string(folder.join(FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes another file and renames it, so that a reader never sees a part of it.
fn write(path: &Path, content: &Content) -> io::Result<()> {
    let next = path.with_extension("json.next");
    fs::write(&next, serde_json::to_string_pretty(content)?)?;
    fs::rename(next, path)
}

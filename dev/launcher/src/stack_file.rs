//! `stack.json`: which processes run. People, scripts and the launcher's next start read it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use process::{child::Spec, log::tell};
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
    /// Whether the file lacks the last change, and that was said.
    is_outdated: AtomicBool,
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
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
        };
        write(&path, &content).map_err(named)?;
        Ok(Self { path, content: Mutex::new(content), is_outdated: AtomicBool::new(false) })
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
        let written = write(&self.path, &content);
        let was_outdated = self.is_outdated.swap(written.is_err(), Ordering::Relaxed);
        if let Err(error) = written
            && !was_outdated
        {
            tell(format_args!("cannot write {} for now: {error}", self.path.display()));
        }
    }

    /// Writes a change that could not be written: the disk was full, perhaps.
    pub(crate) fn catch_up(&self) {
        if self.is_outdated.load(Ordering::Relaxed) {
            self.change(|_| {});
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_could_not_be_written_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = StackFile::create(folder.path(), "http://127.0.0.1:8080", &[]).unwrap();
        // A folder of this name is in the way, as a full disk would be.
        let obstacle = folder.path().join("stack.json.next");
        fs::create_dir(&obstacle).unwrap();
        file.change(|content| content.pid = 7);
        file.catch_up();
        assert_ne!(read(folder.path()).unwrap().pid, 7);
        fs::remove_dir(obstacle).unwrap();
        file.catch_up();
        assert_eq!(read(folder.path()).unwrap().pid, 7);
    }
}

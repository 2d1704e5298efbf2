//! What one process says: a file for later, its last lines in memory for when it dies.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many lines of a process are shown when it dies.
pub const TAIL: usize = 20;

/// A file that has grown over this becomes the previous one.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The log of one process, over all its restarts.
#[derive(Clone, Debug)]
pub struct Log(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    name: String,
    path: PathBuf,
    file: File,
    bytes: u64,
    tail: VecDeque<String>,
    echo: bool,
}

impl Log {
    /// Opens `folder/name.log`; the log of the run before becomes `name.previous.log`.
    /// With `echo` each line also goes to our stderr.
    pub fn open(folder: &Path, name: &str, echo: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.log"));
        let file = start_anew(&path)?;
        let tail = VecDeque::with_capacity(TAIL);
        Ok(Self(Arc::new(Mutex::new(Inner {
            name: name.into(),
            path,
            file,
            bytes: 0,
            tail,
            echo,
        }))))
    }

    /// Marks a new life of the process: from here on, the tail is this life's.
    pub fn born(&self, pid: u32) {
        let mut inner = self.lock();
        inner.write(&format!("--- started as process {pid} ---"));
        inner.tail.clear();
    }

    /// Adds a line. A full disk must not stop a process, so what cannot be written is dropped.
    pub fn line(&self, line: &str) {
        let mut inner = self.lock();
        inner.write(line);
        if inner.tail.len() == TAIL {
            inner.tail.pop_front();
        }
        inner.tail.push_back(line.into());
    }

    /// The last lines of this life, at most [`TAIL`].
    pub fn tail(&self) -> Vec<String> {
        self.lock().tail.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, line: &str) {
        if self.echo {
            eprintln!("{} | {line}", self.name);
        }
        if self.bytes > MAX_BYTES
            && let Ok(file) = start_anew(&self.path)
        {
            self.file = file;
            self.bytes = 0;
        }
        if writeln!(self.file, "{line}").is_ok() {
            self.bytes += line.len() as u64 + 1;
        }
    }
}

fn start_anew(path: &Path) -> io::Result<File> {
    match fs::rename(path, path.with_extension("previous.log")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => File::create(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_holds_the_last_lines_of_this_life_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), "table", false).unwrap();
        log.line("before");
        log.born(7);
        for n in 0..TAIL + 5 {
            log.line(&format!("line {n}"));
        }
        let tail = log.tail();
        assert_eq!((tail.len(), tail[0].as_str()), (TAIL, "line 5"));
    }

    #[test]
    fn the_log_of_the_run_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        Log::open(folder.path(), "table", false).unwrap().line("first run");
        Log::open(folder.path(), "table", false).unwrap().line("second run");
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("table.log"), "second run\n");
        assert_eq!(read("table.previous.log"), "first run\n");
    }
}

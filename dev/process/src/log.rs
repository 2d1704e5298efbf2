//! The output of one process: a file for later, and the last lines in memory for an error message.

use std::{
    collections::VecDeque,
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

/// How many lines [`Log::tail`] keeps.
pub const TAIL: usize = 20;

/// A log file is rotated when it is larger than this.
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
    /// How many lines could not be written since the last one that was.
    dropped: u64,
}

impl Log {
    /// Opens `folder/name.log`. A file of that name becomes `name.previous.log`.
    /// With `echo` each line is also printed to our stderr.
    pub fn open(folder: &Path, name: &str, echo: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.log"));
        let file = rotate(&path)?;
        let tail = VecDeque::with_capacity(TAIL);
        let inner = Inner { name: name.into(), path, file, bytes: 0, tail, echo, dropped: 0 };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Notes that the process was started (again). The tail now belongs to the new process.
    pub fn process_started(&self, pid: u32) {
        let mut inner = self.0.lock();
        inner.write(&format!("--- started as process {pid} ---"));
        inner.tail.clear();
    }

    /// Adds a line. A line that cannot be written is dropped, since a full disk must not stop the process. Our stderr
    /// says so once, and the file how many are missing, as soon as it can.
    pub fn line(&self, line: &str) {
        let mut inner = self.0.lock();
        inner.write(line);
        if inner.tail.len() == TAIL {
            inner.tail.pop_front();
        }
        inner.tail.push_back(line.into());
    }

    /// The last lines since the process was started, at most [`TAIL`].
    pub fn tail(&self) -> Vec<String> {
        self.0.lock().tail.iter().cloned().collect()
    }
}

impl Inner {
    fn write(&mut self, line: &str) {
        if self.echo {
            tell(format_args!("{} | {line}", self.name));
        }
        if self.bytes > MAX_BYTES
            && let Ok(file) = rotate(&self.path)
        {
            self.file = file;
            self.bytes = 0;
        }
        let missing = match self.dropped {
            0 => String::new(),
            // A part of the first of them may be there, without an end.
            dropped => format!("\n--- {dropped} lines could not be written ---\n"),
        };
        let text = format!("{missing}{line}\n");
        match self.file.write_all(text.as_bytes()) {
            Ok(()) => {
                self.bytes += text.len() as u64;
                self.dropped = 0;
            }
            Err(error) => {
                if self.dropped == 0 {
                    let path = self.path.display();
                    tell(format_args!(
                        "cannot write {path} for now, so lines are missing: {error}"
                    ));
                }
                self.dropped += 1;
            }
        }
    }
}

/// Tells people something that may go wrong while the disk is full. Our stderr may be a file on the same disk, and
/// `eprintln!` panics if it cannot write.
pub fn tell(what: fmt::Arguments<'_>) {
    _ = writeln!(io::stderr(), "{what}");
}

/// Keeps one older file, and creates an empty one at `path`.
fn rotate(path: &Path) -> io::Result<File> {
    match fs::rename(path, path.with_extension("previous.log")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => File::create(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_has_only_lines_of_the_process_that_was_started_last() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), "table", false).unwrap();
        log.line("before");
        log.process_started(7);
        for n in 0..TAIL + 5 {
            log.line(&format!("line {n}"));
        }
        let tail = log.tail();
        assert_eq!((tail.len(), tail[0].as_str()), (TAIL, "line 5"));
    }

    #[test]
    fn the_log_says_how_many_lines_could_not_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), "table", false).unwrap();
        let path = folder.path().join("table.log");
        let open = |it: &Path| File::options().append(true).open(it).unwrap();
        log.line("before");
        // Each write to it fails as on a full disk.
        log.0.lock().file = open(Path::new("/dev/full"));
        log.line("lost");
        log.line("lost, too");
        log.0.lock().file = open(&path);
        log.line("after");
        log.line("and on");
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text, "before\n\n--- 2 lines could not be written ---\nafter\nand on\n");
    }

    #[test]
    fn the_log_of_the_previous_run_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        Log::open(folder.path(), "table", false).unwrap().line("first run");
        Log::open(folder.path(), "table", false).unwrap().line("second run");
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("table.log"), "second run\n");
        assert_eq!(read("table.previous.log"), "first run\n");
    }
}

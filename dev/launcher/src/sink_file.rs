//! The file in which the router finds the processors, one URL a line.

use std::path::{Path, PathBuf};

use process::log::tell;
use stack::sink_file;

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct SinkFile {
    /// The data of the stack.
    folder: PathBuf,
    /// None before the first time, and after one that has failed.
    written: Option<Vec<String>>,
    /// Whether the last time failed, and that was said.
    is_failing: bool,
}

impl SinkFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), written: None, is_failing: false }
    }

    pub(crate) fn path(&self) -> PathBuf {
        sink_file::path(&self.folder)
    }

    /// Writes the file if it is to have other lines.
    pub(crate) fn set(&mut self, urls: Vec<String>) {
        if self.written.as_ref() == Some(&urls) {
            return;
        }
        let written = sink_file::write(&self.folder, &urls);
        if let Err(error) = &written
            && !self.is_failing
        {
            // The next call tries again, and there are some in a second.
            tell(format_args!("cannot write {} for now: {error}", self.path().display()));
        }
        self.is_failing = written.is_err();
        self.written = written.is_ok().then_some(urls);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_has_one_url_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = SinkFile::new(folder.path());
        file.set(vec!["http://127.0.0.1:1".into(), "http://127.0.0.1:2".into()]);
        let path = file.path();
        let read = || fs::read_to_string(&path).unwrap();
        assert_eq!(read(), "http://127.0.0.1:1\nhttp://127.0.0.1:2\n");
        file.set(Vec::new());
        assert_eq!(read(), "");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

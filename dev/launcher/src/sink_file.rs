//! The file in which the router finds the processors, one URL a line.

use std::path::{Path, PathBuf};

use stack::sink_file;

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct SinkFile {
    /// The data of the stack.
    folder: PathBuf,
    /// None before the first time, and after one that has failed.
    written: Option<Vec<String>>,
}

impl SinkFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), written: None }
    }

    pub(crate) fn path(&self) -> PathBuf {
        sink_file::path(&self.folder)
    }

    /// Writes the file if it is to have other lines.
    pub(crate) fn set(&mut self, urls: Vec<String>) {
        if self.written.as_ref() == Some(&urls) {
            return;
        }
        self.written = match sink_file::write(&self.folder, &urls) {
            Ok(()) => Some(urls),
            Err(error) => {
                // The next call tries again.
                eprintln!("cannot write {}: {error}", self.path().display());
                None
            }
        };
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

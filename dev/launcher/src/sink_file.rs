//! The file in which the router finds the processors, one URL a line.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub(crate) use stack::sink_file::FILE;

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct SinkFile {
    path: PathBuf,
    /// None before the first time, and after one that has failed.
    written: Option<Vec<String>>,
}

impl SinkFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { path: folder.join(FILE), written: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file if it is to have other lines.
    pub(crate) fn set(&mut self, urls: Vec<String>) {
        if self.written.as_ref() == Some(&urls) {
            return;
        }
        self.written = match write(&self.path, &urls) {
            Ok(()) => Some(urls),
            Err(error) => {
                // The next call tries again.
                eprintln!("cannot write {}: {error}", self.path.display());
                None
            }
        };
    }
}

/// Writes another file and renames it, so that the router never reads a part of it.
fn write(path: &Path, urls: &[String]) -> io::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, urls.iter().map(|url| format!("{url}\n")).collect::<String>())?;
    fs::rename(next, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_one_url_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = SinkFile::new(folder.path());
        file.set(vec!["http://127.0.0.1:1".into(), "http://127.0.0.1:2".into()]);
        let read = || fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(read(), "http://127.0.0.1:1\nhttp://127.0.0.1:2\n");
        file.set(Vec::new());
        assert_eq!(read(), "");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! The addresses of processors from a file that changes while the router runs, one URL a line. Whoever starts and stops
//! the processors replaces the file by a rename, so that nobody ever reads half of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use super::url;
use crate::activity::PollPace;

/// The time between two looks at the file, while records are in flight and while none is. The first record needs its
/// processor at once, so it ends the longer one.
const INTERVAL: Duration = Duration::from_millis(100);
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// The largest file, in bytes: room for more than ten thousand addresses.
const MAX_SIZE: u64 = 1 << 20;

/// Such a file. It may be empty or missing: then there are no processors, which is no error.
#[derive(Debug)]
pub(super) struct AddressFile {
    path: PathBuf,
    content: Vec<u8>,
    /// Why it could not be read the last time.
    error: Option<String>,
}

impl AddressFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, content: Vec::new(), error: None }
    }

    /// Sends the URLs whenever the file has changed. Never returns.
    pub(super) async fn follow(mut self, urls: watch::Sender<Vec<String>>, mut pace: PollPace) {
        loop {
            if let Some(changed) = self.look().await {
                tracing::info!(processors = changed.len(), "the file of processors has changed");
                urls.send_replace(changed);
            }
            pace.pause(INTERVAL, IDLE_INTERVAL).await;
        }
    }

    /// The URLs, if the file has changed. One that cannot be read counts as it was before.
    ///
    /// The content is compared, because a file can change twice within the resolution of its times.
    async fn look(&mut self) -> Option<Vec<String>> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(path)).await.ok()?;
        match read {
            Ok(content) => {
                self.error = None;
                if content == self.content {
                    return None;
                }
                self.content = content;
                Some(self.urls())
            }
            Err(error) => {
                let (error, path) = (error.to_string(), self.path.display());
                if self.error.as_ref() != Some(&error) {
                    tracing::warn!(%path, error, "{path} cannot be read: {error}");
                }
                self.error = Some(error);
                None
            }
        }
    }

    /// All valid URLs, once each. Empty lines are allowed.
    fn urls(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.content);
        let lines = text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty());
        let mut urls = BTreeSet::new();
        for (line, number) in lines {
            if let Ok(url) = url::parse(line) {
                urls.insert(url);
            } else {
                let path = self.path.display();
                tracing::warn!(
                    %path,
                    number,
                    line,
                    "line {number} of {path} is not http://host:port: {line:?}"
                );
            }
        }
        urls.into_iter().collect()
    }
}

/// Blocks.
fn read(path: PathBuf) -> io::Result<Vec<u8>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_SIZE {
        let text = format!("it has more than {MAX_SIZE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::activity::Activity;

    /// Replaces the file, as its writer does.
    fn write(path: &Path, content: impl AsRef<[u8]>) {
        let new = path.with_extension("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn folder_and_file() -> (tempfile::TempDir, PathBuf, AddressFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("processors");
        let file = AddressFile::new(path.clone());
        (folder, path, file)
    }

    #[tokio::test]
    async fn a_missing_file_and_an_empty_one_are_no_processors() {
        let (_folder, path, mut file) = folder_and_file();
        assert_eq!(file.look().await, None);
        write(&path, "http://a:1\n");
        assert_eq!(file.look().await, Some(vec!["http://a:1".to_owned()]));
        write(&path, "");
        assert_eq!(file.look().await, Some(Vec::new()));
        write(&path, "http://b:1");
        assert_eq!(file.look().await, Some(vec!["http://b:1".to_owned()]));
        fs::remove_file(&path).unwrap();
        assert_eq!((file.look().await, file.error), (Some(Vec::new()), None));
    }

    #[tokio::test]
    async fn a_file_counts_only_when_it_has_changed() {
        let (_folder, path, mut file) = folder_and_file();
        write(&path, "http://a:1\n");
        assert!(file.look().await.is_some());
        write(&path, "http://a:1\n");
        assert_eq!(file.look().await, None);
    }

    #[tokio::test]
    async fn a_line_that_is_no_url_leaves_the_others_as_they_are() {
        let (_folder, path, mut file) = folder_and_file();
        let lines: &[u8] =
            b"grpc://b:2/\r\n\n  http://a:1  \nprocessor-1\nhttp://a:1\n\xff\ndns:///p:1\n";
        write(&path, lines);
        let expected = ["http://a:1", "http://b:2"].map(str::to_owned).to_vec();
        assert_eq!(file.look().await, Some(expected));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_counts_as_it_was_before() {
        let (_folder, path, mut file) = folder_and_file();
        write(&path, "http://a:1\n");
        assert!(file.look().await.is_some());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!((file.look().await, file.error.is_some()), (None, true));
        fs::remove_dir(&path).unwrap();
        write(&path, vec![b'x'; 1 + usize::try_from(MAX_SIZE).unwrap()]);
        assert_eq!((file.look().await, file.error.is_some()), (None, true));
        write(&path, "http://a:1\n");
        assert_eq!((file.look().await, file.error), (None, None));
    }

    #[tokio::test]
    async fn a_change_is_seen_within_half_a_second_while_records_are_in_flight() {
        let (_folder, path, file) = folder_and_file();
        let (sender, mut urls) = watch::channel(Vec::new());
        let activity = Activity::default();
        activity.set(true);
        let task = tokio::spawn(file.follow(sender, activity.pace()));
        for content in ["http://a:1", "http://a:1\nhttp://b:1", ""] {
            write(&path, content);
            tokio::time::timeout(IDLE_INTERVAL / 2, urls.changed()).await.unwrap().unwrap();
            assert_eq!(urls.borrow_and_update().join("\n"), content);
        }
        task.abort();
    }
}

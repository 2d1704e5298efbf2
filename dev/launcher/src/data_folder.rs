//! The data folder: used by one demo at a time, and never wiped if it has files of others.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, ensure};
use process::folder_lock::{Error, FolderLock};
use stack::{
    plan::name::{BROKER, TABLE},
    sink_file,
};

use crate::{leftovers, stack_file};

/// The lock file. It also marks the folder as one of ours.
const MARKER: &str = "barrage-demo.lock";

/// Everything that we create in the folder, except the lock file.
const CONTENTS: [&str; 5] = [BROKER, TABLE, "logs", stack_file::FILE, sink_file::FILE];

/// A locked data folder. Dropping this unlocks it.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: FolderLock,
}

impl DataFolder {
    /// Locks the folder, and ends processes that a killed demo has left running in it.
    pub(crate) async fn open(path: &Path, fresh: bool) -> anyhow::Result<Self> {
        let shown = path.display();
        fs::create_dir_all(path).with_context(|| format!("cannot create {shown}"))?;
        ensure!(
            is_ours(path)?,
            "{shown} contains files that are not of barrage; choose another folder with --data"
        );
        let lock = FolderLock::take(path, MARKER, "demo").map_err(|error| match error {
            Error::Taken { .. } => {
                anyhow!("{error}; stop it first, or choose another folder with --data")
            }
            Error::Io { .. } => error.into(),
        })?;
        let path = path.canonicalize()?;
        leftovers::end_all(&path).await;
        if fresh {
            wipe(&path).with_context(|| format!("cannot wipe {shown}"))?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// The folder's absolute path, without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

fn is_ours(path: &Path) -> io::Result<bool> {
    Ok(path.join(MARKER).exists() || fs::read_dir(path)?.next().is_none())
}

fn wipe(path: &Path) -> io::Result<()> {
    for name in CONTENTS {
        let entry = path.join(name);
        let removed =
            if entry.is_dir() { fs::remove_dir_all(entry) } else { fs::remove_file(entry) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_with_foreign_files_is_neither_used_nor_wiped() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = folder.path().join("thesis.txt");
        fs::write(&foreign, "years of work").unwrap();
        for fresh in [false, true] {
            assert!(DataFolder::open(folder.path(), fresh).await.is_err());
        }
        assert!(foreign.exists());
    }

    #[tokio::test]
    async fn fresh_deletes_our_data_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataFolder::open(folder.path(), false).await.unwrap());
        fs::create_dir(folder.path().join(TABLE)).unwrap();
        fs::write(folder.path().join("notes.txt"), "of the user").unwrap();
        drop(DataFolder::open(folder.path(), true).await.unwrap());
        assert!(!folder.path().join(TABLE).exists());
        assert!(folder.path().join("notes.txt").exists());
    }

    #[tokio::test]
    async fn a_second_demo_on_the_folder_fails_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let _first = DataFolder::open(folder.path(), false).await.unwrap();
        let second = DataFolder::open(folder.path(), false).await.unwrap_err();
        let message = format!("{second:#}");
        assert!(message.contains("--data") && message.contains("another demo uses"), "{message}");
    }
}

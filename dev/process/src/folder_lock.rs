//! One process per data folder. SQLite itself would let a second process write to the same file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// The folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A process that still runs holds the lock.
    #[error("another {holder} uses {}", .folder.display())]
    Taken {
        /// What takes this lock: `broker`, `table` or `demo`.
        holder: &'static str,
        folder: PathBuf,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock {}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A lock on a folder. The kernel releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "an open file holds the lock")] File);

impl FolderLock {
    /// Locks the file `name` in `folder`, or fails at once with [`Error::Taken`] if the lock is held.
    pub fn take(folder: &Path, name: &str, holder: &'static str) -> Result<Self, Error> {
        let path = folder.join(name);
        let failed = |source| Error::Io { path: path.clone(), source };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Taken { holder, folder: folder.into() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_on_the_folder_is_refused_until_the_first_is_released() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path(), "lock", "broker").unwrap();
        let second = FolderLock::take(folder.path(), "lock", "broker").unwrap_err();
        assert_eq!(second.to_string(), format!("another broker uses {}", folder.path().display()));
        drop(first);
        FolderLock::take(folder.path(), "lock", "broker").unwrap();
    }
}

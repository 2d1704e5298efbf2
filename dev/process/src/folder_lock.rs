//! One process per data folder: neither SQLite file refuses a second writer by itself.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Why a folder is not ours to use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock is held, by a process that lives.
    #[error("another {holder} uses {}", .folder.display())]
    Taken {
        /// What takes this lock: broker, table, demo.
        holder: &'static str,
        /// The folder they share.
        folder: PathBuf,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock {}", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The right to use a folder. The kernel takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

impl FolderLock {
    /// Takes the lock file `name` in `folder`, or says at once that another `holder` has it.
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
    fn a_second_lock_on_the_folder_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path(), "lock", "broker").unwrap();
        let second = FolderLock::take(folder.path(), "lock", "broker").unwrap_err();
        assert_eq!(second.to_string(), format!("another broker uses {}", folder.path().display()));
        drop(first);
        FolderLock::take(folder.path(), "lock", "broker").unwrap();
    }
}

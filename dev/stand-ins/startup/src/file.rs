//! The SQLite file of a stand-in: made so that it can get smaller, how much of it is used, and giving back what is not.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::keep::{Pace, Pages, Share};

/// How many milliseconds our connection waits for the engine, which writes to the same file.
const PATIENCE: u32 = 1000;

/// A connection to SQLite. Each engine brings a library of its own, and a program can have only one of them.
pub trait Sqlite {
    type Error;

    /// Runs a statement to its end: some do a part of their work for each row that is read.
    ///
    /// # Errors
    ///
    /// SQLite refuses it, or the file cannot be read or written.
    fn run(&self, statement: &str) -> Result<(), Self::Error>;

    /// The number that a statement answers.
    ///
    /// # Errors
    ///
    /// As for [`Sqlite::run`].
    fn number(&self, statement: &str) -> Result<u64, Self::Error>;
}

/// The file, with a connection of our own.
#[derive(Debug)]
pub struct File<S> {
    sqlite: S,
    log: PathBuf,
    /// A file of an older version does not: SQLite would have to write all of it again.
    gets_smaller: bool,
}

impl<S: Sqlite> File<S> {
    /// Prepares the file before the engine opens it: only a new file can be told that it shall get smaller.
    ///
    /// # Errors
    ///
    /// As for [`Sqlite::run`].
    pub fn prepare(path: &Path, sqlite: S) -> Result<Self, S::Error> {
        const INCREMENTAL: u64 = 2;
        sqlite.run(&format!("PRAGMA busy_timeout = {PATIENCE}"))?;
        sqlite.run("PRAGMA auto_vacuum = INCREMENTAL")?;
        sqlite.run("PRAGMA journal_mode = WAL")?;
        let gets_smaller = sqlite.number("PRAGMA auto_vacuum")? == INCREMENTAL;
        if !gets_smaller {
            tracing::warn!(
                "the file of an older version does not get smaller, but is used again; --fresh makes a new one"
            );
        }
        let mut log = OsString::from(path);
        log.push("-wal");
        Ok(Self { sqlite, log: log.into(), gets_smaller })
    }

    pub fn sqlite(&self) -> &S {
        &self.sqlite
    }

    /// How many pages it has.
    ///
    /// # Errors
    ///
    /// As for [`Sqlite::run`].
    pub fn pages(&self) -> Result<Pages, S::Error> {
        let number = |name| self.sqlite.number(&format!("PRAGMA {name}"));
        Ok(Pages {
            size: number("page_size")?,
            all: number("page_count")?,
            free: number("freelist_count")?,
        })
    }

    /// Gives back some of the free pages beyond the share, and cuts a long log. Returns whether more pages must go.
    ///
    /// # Errors
    ///
    /// As for [`Sqlite::run`].
    pub fn shrink(&self, share: Share, pace: &mut Pace) -> Result<bool, S::Error> {
        let excess = if self.gets_smaller { share.excess(self.pages()?) } else { 0 };
        let pages = excess.min(pace.count());
        if pages > 0 {
            pace.time(|| {
                self.sqlite.run(&format!("PRAGMA incremental_vacuum({pages})")).map(|()| pages)
            })?;
        }
        // The file gets smaller when its log is taken in.
        let has_shrunk = pages > 0 && pages == excess;
        if has_shrunk || fs::metadata(&self.log).is_ok_and(|log| share.is_log_long(log.len())) {
            self.cut_log()?;
        }
        Ok(excess > pages)
    }

    /// The first of both does most of the work, while the engine can write. It cannot during the second one. While it
    /// reads, only a part of the log goes.
    fn cut_log(&self) -> Result<(), S::Error> {
        ["PASSIVE", "TRUNCATE"]
            .iter()
            .try_for_each(|mode| self.sqlite.run(&format!("PRAGMA wal_checkpoint({mode})")))
    }
}

//! The SQLite file of the topics: how much of it is used, and giving back what is not.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use libsql::{Builder, Connection, Result};
use startup::keep::{Pages, Share};

use crate::schema;

/// How long it waits for the engine, which writes to the same file.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many pages are given back at once, while the engine cannot write.
const PAGES: u64 = 2000;

/// The file, with a connection of our own.
pub(crate) struct File {
    connection: Connection,
    log: PathBuf,
}

impl File {
    /// Opens the file before the engine does: only a new file can be told that it shall shrink, and gets smaller tables.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        const INCREMENTAL: u64 = 2;
        let connection = Builder::new_local(path).build().await?.connect()?;
        connection.busy_timeout(PATIENCE)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let file = Self { connection, log: log.into() };
        file.run("PRAGMA auto_vacuum = INCREMENTAL").await?;
        file.run("PRAGMA journal_mode = WAL").await?;
        for table in schema::TABLES {
            file.run(table).await?;
        }
        if file.numbers(["auto_vacuum"]).await? != [INCREMENTAL] {
            tracing::warn!(
                "the file of an older version does not get smaller, but is used again; --fresh makes a new one"
            );
        }
        Ok(file)
    }

    pub(crate) async fn pages(&self) -> Result<Pages> {
        let numbers = self.numbers(["page_size", "page_count", "freelist_count"]).await?;
        let [size, all, free] = numbers;
        Ok(Pages { size, all, free })
    }

    /// Gives back free pages beyond the share, and cuts a long log.
    pub(crate) async fn shrink(&self, share: Share) -> Result<()> {
        let excess = share.excess(self.pages().await?).min(PAGES);
        if excess > 0 {
            self.run(&format!("PRAGMA incremental_vacuum({excess})")).await?;
        }
        let log = tokio::fs::metadata(&self.log).await;
        if log.is_ok_and(|log| share.is_log_long(log.len())) {
            // While the engine reads, only a part of it goes.
            self.run("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    async fn numbers<const N: usize>(&self, pragmas: [&str; N]) -> Result<[u64; N]> {
        let mut numbers = [0; N];
        for (number, pragma) in numbers.iter_mut().zip(pragmas) {
            let mut rows = self.connection.query(&format!("PRAGMA {pragma}"), ()).await?;
            if let Some(row) = rows.next().await? {
                *number = row.get(0)?;
            }
        }
        Ok(numbers)
    }

    /// Runs a statement to its end; one page after the other is given back by reading its rows.
    async fn run(&self, statement: &str) -> Result<()> {
        let mut rows = self.connection.query(statement, ()).await?;
        while rows.next().await?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_file_gives_back_what_is_free_beyond_its_share() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        drop(File::open(&path).await.unwrap());
        let file = File::open(&path).await.unwrap();
        file.run("CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) \
                  SELECT i, zeroblob(1000) FROM n").await.unwrap();
        file.run("DELETE FROM t").await.unwrap();
        let before = file.pages().await.unwrap();
        assert!(before.all > 500 && before.free > 400, "{before:?}");
        let share = 100 * before.size;
        file.shrink(share.to_string().parse().unwrap()).await.unwrap();
        assert_eq!(file.pages().await.unwrap().all, 90);
        // The log went into the file, so its length is that of all pages.
        assert_eq!(path.metadata().unwrap().len(), 90 * before.size);
        assert_eq!(file.log.metadata().unwrap().len(), 0);
    }
}

//! The SQLite file of the topics, by the library of the engine.

use std::path::PathBuf;

use anyhow::Result;
use libsql::{Builder, Connection};
use startup::file::{File, Sqlite};
use tokio::{runtime::Handle, task};

use crate::schema;

/// A connection. Its calls block, although they are async, as those of the engine do.
#[derive(Debug)]
pub(crate) struct Libsql {
    connection: Connection,
    runtime: Handle,
}

/// Prepares the file before the engine opens it, and creates the tables that the engine would make larger.
pub(crate) async fn prepare(path: PathBuf) -> Result<File<Libsql>> {
    let connection = Builder::new_local(&path).build().await?.connect()?;
    let sqlite = Libsql { connection, runtime: Handle::current() };
    task::spawn_blocking(move || {
        let file = File::prepare(&path, sqlite)?;
        schema::TABLES.iter().try_for_each(|table| file.sqlite().run(table))?;
        Ok(file)
    })
    .await?
}

impl Libsql {
    /// Waits for the engine or the library. Async tasks must not call it.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }
}

impl Sqlite for Libsql {
    type Error = anyhow::Error;

    fn run(&self, statement: &str) -> Result<()> {
        self.wait(async {
            let mut rows = self.connection.query(statement, ()).await?;
            while rows.next().await?.is_some() {}
            Ok(())
        })
    }

    fn number(&self, statement: &str) -> Result<u64> {
        self.wait(async {
            let mut rows = self.connection.query(statement, ()).await?;
            Ok(rows.next().await?.map_or(Ok(0), |row| row.get(0))?)
        })
    }
}

#[cfg(test)]
mod tests {
    use startup::keep::Pace;

    use super::*;

    #[tokio::test]
    async fn a_new_file_gives_back_what_is_free_beyond_its_share() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        drop(prepare(path.clone()).await.unwrap());
        let file = prepare(path.clone()).await.unwrap();
        let shrunk = task::spawn_blocking(move || {
            let run = |statement| file.sqlite().run(statement).unwrap();
            run(
                "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) \
                 SELECT i, zeroblob(1000) FROM n",
            );
            run("DELETE FROM t");
            let before = file.pages().unwrap();
            assert!(before.all > 500 && before.free > 400, "{before:?}");
            let (share, mut pace) = (100 * before.size, Pace::default());
            while file.shrink(share.to_string().parse().unwrap(), &mut pace).unwrap() {}
            assert_eq!(file.pages().unwrap().all, 90);
            // The log went into the file, so its length is that of all pages.
            assert_eq!(path.metadata().unwrap().len(), 90 * before.size);
            assert_eq!(path.with_extension("db-wal").metadata().unwrap().len(), 0);
        });
        shrunk.await.unwrap();
    }
}

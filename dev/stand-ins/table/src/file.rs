//! The SQLite file of the tables, with a connection of our own: deleting the oldest rows, and giving back what is free.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, Result};
use startup::keep::{Pages, Share};

/// How long it waits for the engine, which writes to the same file.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many pages are given back at once, while the engine cannot write.
const PAGES: u64 = 2000;

/// Tables whose rows may go: those with a TTL, so their users expect it. An index or a stream would have to go along.
const TABLES: &str = "SELECT table_name FROM _tables WHERE ttl_enabled AND NOT stream_enabled \
    AND coalesce(gsi_definitions, lsi_definitions, vector_index_definitions) IS NULL";

pub(crate) struct File {
    connection: Connection,
    log: PathBuf,
}

impl File {
    /// Opens the file before the engine does: only a new file can be told that it shall shrink.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        const INCREMENTAL: u64 = 2;
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let file = Self { connection, log: log.into() };
        file.run("PRAGMA auto_vacuum = INCREMENTAL")?;
        file.run("PRAGMA journal_mode = WAL")?;
        if file.number("auto_vacuum")? != INCREMENTAL {
            tracing::warn!(
                "the file of an older version does not get smaller, but is used again; --fresh makes a new one"
            );
        }
        Ok(file)
    }

    pub(crate) fn pages(&self) -> Result<Pages> {
        Ok(Pages {
            size: self.number("page_size")?,
            all: self.number("page_count")?,
            free: self.number("freelist_count")?,
        })
    }

    /// The last row of each table whose rows may go. A row that is written again is the last one.
    pub(crate) fn last_rows(&self) -> Result<BTreeMap<String, i64>> {
        let mut tables = self.connection.prepare_cached(TABLES)?;
        let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
        let mut last_rows = BTreeMap::new();
        for table in tables {
            let table = table?;
            let last = format!("SELECT max(rowid) FROM {}", quoted(&table));
            // An empty table has none.
            let last: Option<i64> = self.connection.query_row(&last, [], |row| row.get(0))?;
            if let Some(last) = last {
                last_rows.insert(table, last);
            }
        }
        Ok(last_rows)
    }

    /// Deletes the oldest rows of a table up to `last`, at most so many. Returns how many.
    pub(crate) fn delete_oldest(&self, table: &str, last: i64, rows: u32) -> Result<usize> {
        let table = quoted(table);
        let delete = format!(
            "DELETE FROM {table} WHERE rowid IN \
             (SELECT rowid FROM {table} WHERE rowid <= ?1 ORDER BY rowid LIMIT ?2)"
        );
        self.connection.prepare_cached(&delete)?.execute((last, rows))
    }

    /// Gives back free pages beyond the share, and cuts a long log.
    pub(crate) fn shrink(&self, share: Share) -> Result<()> {
        let excess = share.excess(self.pages()?).min(PAGES);
        if excess > 0 {
            self.run(&format!("PRAGMA incremental_vacuum({excess})"))?;
        }
        if fs::metadata(&self.log).is_ok_and(|log| share.is_log_long(log.len())) {
            // While the engine reads, only a part of it goes.
            self.run("PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        Ok(())
    }

    fn number(&self, pragma: &str) -> Result<u64> {
        self.connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
    }

    /// Runs a statement to its end; one page after the other is given back by reading its rows.
    fn run(&self, statement: &str) -> Result<()> {
        let mut statement = self.connection.prepare(statement)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }
}

fn quoted(table: &str) -> String {
    format!("\"{}\"", table.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use dynoxide::{Database, actions::put_item::PutItemRequest};
    use serde_json::{Value, json};

    use super::*;

    fn create(database: &Database, table: &str, has_ttl: bool) {
        let key = json!([{ "AttributeName": "k", "KeyType": "HASH" }]);
        let attributes = json!([{ "AttributeName": "k", "AttributeType": "S" }]);
        let request = json!({
            "TableName": table, "KeySchema": key, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"
        });
        database.create_table(serde_json::from_value(request).unwrap()).unwrap();
        if has_ttl {
            let ttl = json!({ "AttributeName": "expires_at", "Enabled": true });
            let request = json!({ "TableName": table, "TimeToLiveSpecification": ttl });
            database.update_time_to_live(serde_json::from_value(request).unwrap()).unwrap();
        }
    }

    fn put(database: &Database, table: &str, key: usize) {
        let item: Value =
            json!({ "k": { "S": key.to_string() }, "text": { "S": "x".repeat(1000) } });
        let item = serde_json::from_value(item).unwrap();
        let request =
            PutItemRequest { table_name: table.into(), item, ..PutItemRequest::default() };
        database.put_item(request).unwrap();
    }

    fn has(database: &Database, table: &str, key: usize) -> bool {
        let request = json!({ "TableName": table, "Key": { "k": { "S": key.to_string() } } });
        database.get_item(serde_json::from_value(request).unwrap()).unwrap().item.is_some()
    }

    #[test]
    fn the_rows_that_were_written_first_go_and_the_file_gets_smaller() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.db");
        let file = File::open(&path).unwrap();
        let database = Database::new(path.to_str().unwrap()).unwrap();
        create(&database, "barrage.rows", true);
        create(&database, "without-ttl", false);
        for key in 0..500 {
            put(&database, "barrage.rows", key);
        }
        put(&database, "without-ttl", 0);
        put(&database, "barrage.rows", 0);
        let last_rows = file.last_rows().unwrap();
        assert_eq!(last_rows.keys().collect::<Vec<_>>(), ["barrage.rows"]);
        put(&database, "barrage.rows", 500);
        let last = last_rows["barrage.rows"] - 1;
        assert_eq!(file.delete_oldest("barrage.rows", last, 400).unwrap(), 400);
        let left = [0, 1, 400, 401, 500].map(|key| has(&database, "barrage.rows", key));
        assert_eq!(left, [true, false, false, true, true], "0 was written again");
        assert_eq!(file.delete_oldest("barrage.rows", last, 400).unwrap(), 99);
        assert_eq!(file.delete_oldest("barrage.rows", last, 400).unwrap(), 0);
        assert!(has(&database, "barrage.rows", 0) && has(&database, "barrage.rows", 500));
        assert!(has(&database, "without-ttl", 0));
        let page = file.pages().unwrap().size;
        file.shrink((50 * page).to_string().parse().unwrap()).unwrap();
        assert_eq!(path.metadata().unwrap().len(), 45 * page);
    }
}

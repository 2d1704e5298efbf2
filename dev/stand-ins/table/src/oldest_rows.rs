//! The oldest rows of the tables, in the SQLite file of the engine.
//!
//! Rows go in the order in which they were written, and expire in that order, too. The totals that a homepage saves are a
//! row that is written again and again, so they go after the rows that they count. They can also outlive some that they
//! do not count yet: those behind a record that is not finished for a very long time (docs/configure.md).

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, Error, Result};
use startup::{
    file::{File, Sqlite},
    retention::Data,
};

/// Tables whose rows may go: those with a TTL, so their users expect it. An index or a stream would have to go along.
const TABLES: &str = "SELECT table_name FROM _tables WHERE ttl_enabled AND NOT stream_enabled \
    AND coalesce(gsi_definitions, lsi_definitions, vector_index_definitions) IS NULL";

/// A connection by the library of the engine.
#[derive(Debug)]
pub(crate) struct Rusqlite(Connection);

impl Sqlite for Rusqlite {
    type Error = Error;

    fn run(&self, statement: &str) -> Result<()> {
        let mut statement = self.0.prepare(statement)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    fn number(&self, statement: &str) -> Result<u64> {
        self.0.query_row(statement, [], |row| row.get(0))
    }
}

/// The rows, in the order in which they were written. A row that is written again is the last one.
pub(crate) struct Rows(File<Rusqlite>);

impl Rows {
    /// Prepares the file, which the engine must not have opened yet.
    pub(crate) fn prepare(path: &Path) -> Result<Self> {
        File::prepare(path, Rusqlite(Connection::open(path)?)).map(Self)
    }

    fn connection(&self) -> &Connection {
        &self.0.sqlite().0
    }
}

impl Data for Rows {
    type Sqlite = Rusqlite;
    type Error = Error;
    /// A table.
    type Range = String;

    const NAME: &'static str = "the tables";
    const LEFT: &'static str = "too new";

    fn file(&self) -> &File<Rusqlite> {
        &self.0
    }

    fn ends(&self) -> Result<BTreeMap<String, i64>> {
        let mut tables = self.connection().prepare_cached(TABLES)?;
        let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
        let mut ends = BTreeMap::new();
        for table in tables {
            let table = table?;
            let end = format!("SELECT max(rowid) + 1 FROM {}", quoted(&table));
            // An empty table has none.
            let end: Option<i64> = self.connection().query_row(&end, [], |row| row.get(0))?;
            ends.extend(end.map(|end| (table, end)));
        }
        Ok(ends)
    }

    fn delete(&self, before: BTreeMap<String, i64>, count: u64) -> Result<u64> {
        let (mut deleted, each) = (0, count.div_ceil(before.len().max(1) as u64));
        for (table, end) in before {
            let table = quoted(&table);
            let delete = format!(
                "DELETE FROM {table} WHERE rowid IN \
                 (SELECT rowid FROM {table} WHERE rowid < ?1 ORDER BY rowid LIMIT ?2)"
            );
            let mut delete = self.connection().prepare_cached(&delete)?;
            deleted += delete.execute((end, each))? as u64;
        }
        Ok(deleted)
    }
}

fn quoted(table: &str) -> String {
    format!("\"{}\"", table.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use dynoxide::{Database, actions::put_item::PutItemRequest};
    use serde_json::{Value, json};
    use startup::keep::Pace;

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
        let rows = Rows::prepare(&path).unwrap();
        let database = Database::new(path.to_str().unwrap()).unwrap();
        create(&database, "barrage.rows", true);
        create(&database, "without-ttl", false);
        for key in 0..500 {
            put(&database, "barrage.rows", key);
        }
        put(&database, "without-ttl", 0);
        put(&database, "barrage.rows", 0);
        let mut ends = rows.ends().unwrap();
        assert_eq!(ends.keys().collect::<Vec<_>>(), ["barrage.rows"]);
        put(&database, "barrage.rows", 500);
        // Without the row 0.
        *ends.get_mut("barrage.rows").unwrap() -= 1;
        assert_eq!(rows.delete(ends.clone(), 400).unwrap(), 400);
        let left = [0, 1, 400, 401, 500].map(|key| has(&database, "barrage.rows", key));
        assert_eq!(left, [true, false, false, true, true], "0 was written again");
        assert_eq!(rows.delete(ends.clone(), 400).unwrap(), 99);
        assert_eq!(rows.delete(ends, 400).unwrap(), 0);
        assert!(has(&database, "barrage.rows", 0) && has(&database, "barrage.rows", 500));
        assert!(has(&database, "without-ttl", 0));
        let page = rows.file().pages().unwrap().size;
        let (share, mut pace) = ((50 * page).to_string().parse().unwrap(), Pace::default());
        while rows.file().shrink(share, &mut pace).unwrap() {}
        assert_eq!(path.metadata().unwrap().len(), 45 * page);
    }
}

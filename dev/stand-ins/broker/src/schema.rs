//! The two tables of the topics' file that grow with every message, made smaller before the engine creates them.
//!
//! nisshi creates a table only where there is none. Its own have two dates in every row, which it never reads, and keep
//! the key of a header twice. A message has about eight headers, so that is two fifths of its bytes, and much of the work
//! of writing it.

/// As nisshi 0.8 has it, without dates.
const RECORD: &str = "CREATE TABLE IF NOT EXISTS record (\
    topition integer REFERENCES topition (id) ON DELETE CASCADE, offset_id integer NOT NULL, attributes integer, \
    producer_id integer, producer_epoch integer, timestamp integer, v blob, k blob, \
    PRIMARY KEY (topition, offset_id))";

/// … and this one sorted by its key, which is its place then.
const HEADER: &str = "CREATE TABLE IF NOT EXISTS header (\
    topition integer, offset_id integer, ordinal integer, k blob, v blob, \
    PRIMARY KEY (topition, offset_id, ordinal), \
    FOREIGN KEY (topition, offset_id) REFERENCES record (topition, offset_id) ON DELETE CASCADE) WITHOUT ROWID";

pub(crate) const TABLES: [&str; 2] = [RECORD, HEADER];

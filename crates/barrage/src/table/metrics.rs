//! What this crate counts by itself: its requests to the table.

use metrics::{counter, describe_counter};

const READS: &str = "barrage_table_reads_total";
const UNPROCESSED: &str = "barrage_table_unprocessed_total";

/// Registers the metrics, with 0. A second time changes nothing.
pub(super) fn describe() {
    describe_counter!(READS, "Requests to the table that read rows.");
    describe_counter!(UNPROCESSED, "Rows that the table returned unwritten. They are sent again.");
    for name in [READS, UNPROCESSED] {
        counter!(name).increment(0);
    }
}

/// A request that reads rows, of however many.
pub(super) fn count_read() {
    counter!(READS).increment(1);
}

/// Rows of a batch that the service returned unwritten. They are sent again.
pub(super) fn count_unprocessed(rows: usize) {
    counter!(UNPROCESSED).increment(rows as u64);
}

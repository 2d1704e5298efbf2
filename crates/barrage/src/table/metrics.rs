//! What this crate counts by itself: its requests to the table.

/// A request that reads rows, of however many.
pub(super) fn count_read() {
    metrics::counter!("barrage_table_reads_total").increment(1);
}

/// Rows of a batch that the service returned unwritten. They are sent again.
pub(super) fn count_unprocessed(rows: usize) {
    metrics::counter!("barrage_table_unprocessed_total").increment(rows as u64);
}

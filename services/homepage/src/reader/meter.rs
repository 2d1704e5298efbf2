//! What the reader tells operators, in one place: the metrics of people's messages.

use barrage::table::Row;
use metrics::{describe_gauge, describe_histogram, gauge, histogram};

const WAITING: &str = "homepage_waiting_records";
const SECONDS: &str = "homepage_message_seconds";

pub(super) fn describe() {
    describe_gauge!(WAITING, "Records that are accepted and not finished.");
    describe_histogram!(SECONDS, "From being sent to being stored, of each message.");
    gauge!(WAITING).set(0.0);
}

pub(super) fn waiting(records: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a topic has far below 2^52 records")]
    gauge!(WAITING).set(records as f64);
}

/// Rows that were not seen before.
pub(super) fn stored(rows: &[Row]) {
    for row in rows {
        histogram!(SECONDS).record(seconds(row));
    }
}

/// Clocks of two machines may differ: then it took no time, rather than less.
fn seconds(row: &Row) -> f64 {
    let millis = row.stored_at.0.saturating_sub(row.sent_at.0).max(0);
    #[expect(clippy::cast_precision_loss, reason = "the age of a message is far below 2^52 ms")]
    let seconds = millis as f64 / 1000.0;
    seconds
}

#[cfg(test)]
mod tests {
    use barrage::time::Millis;

    use super::*;
    use crate::reader::sample::row;

    #[test]
    fn a_message_takes_its_time_and_never_less_than_none() {
        let mut row = row(0, 1, "a");
        (row.sent_at, row.stored_at) = (Millis(1000), Millis(3500));
        assert_eq!(seconds(&row), 2.5);
        row.stored_at = Millis(900);
        assert_eq!(seconds(&row), 0.0);
    }
}

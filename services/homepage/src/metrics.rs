//! Every metric of the homepage. The rest of the crate calls these functions and knows no metric by its name.

use barrage::table::Row;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const MESSAGES: &str = "homepage_messages_total";
const FEED_REQUESTS: &str = "homepage_feed_requests_total";
const FEED_BODIES: &str = "homepage_feed_bodies_total";
const FEED_COMPRESSIONS: &str = "homepage_feed_compressions_total";
const FEED_TICKS: &str = "homepage_feed_ticks_total";
const FEED_WAITING: &str = "homepage_feed_waiting_viewers";
const WAITING: &str = "homepage_waiting_records";
const MESSAGE_DURATION: &str = "homepage_message_duration_seconds";

/// Says what each metric means. Called once, when the service starts.
pub(crate) fn describe() {
    describe_counter!(MESSAGES, "Messages that were sent to Kafka, by outcome.");
    describe_counter!(FEED_REQUESTS, "Requests for the feed.");
    describe_counter!(
        FEED_BODIES,
        "Answers of the feed that were made. Many requests may get the same one."
    );
    describe_counter!(FEED_COMPRESSIONS, "Answers of the feed that were compressed, by encoding.");
    describe_counter!(FEED_TICKS, "How often all viewers who wait were told news.");
    describe_gauge!(FEED_WAITING, "Viewers who wait for news of the feed.");
    describe_gauge!(WAITING, "Records that are accepted and not finished.");
    let help = "From sent to stored, of each message.";
    describe_histogram!(MESSAGE_DURATION, Unit::Seconds, help);
    gauge!(WAITING).set(0.0);
    gauge!(FEED_WAITING).set(0.0);
    // Without a first value, a rate would miss the first event.
    for outcome in ["accepted", "failed"] {
        counter!(MESSAGES, "outcome" => outcome).increment(0);
    }
    for encoding in ["br", "gzip"] {
        counter!(FEED_COMPRESSIONS, "encoding" => encoding).increment(0);
    }
    for name in [FEED_REQUESTS, FEED_BODIES, FEED_TICKS] {
        counter!(name).increment(0);
    }
    drop(histogram!(MESSAGE_DURATION));
}

/// Counts a message that Kafka acknowledged.
pub(crate) fn message_accepted() {
    counter!(MESSAGES, "outcome" => "accepted").increment(1);
}

/// Counts a message that Kafka did not acknowledge.
pub(crate) fn message_failed() {
    counter!(MESSAGES, "outcome" => "failed").increment(1);
}

pub(crate) fn feed_requested() {
    counter!(FEED_REQUESTS).increment(1);
}

/// Counts an answer of the feed that was made, for one request or for many.
pub(crate) fn feed_body_made() {
    counter!(FEED_BODIES).increment(1);
}

/// Counts an answer of the feed that was compressed: `br` or `gzip`.
pub(crate) fn feed_compressed(encoding: &'static str) {
    counter!(FEED_COMPRESSIONS, "encoding" => encoding).increment(1);
}

/// Counts news of which all viewers who wait were told.
pub(crate) fn feed_ticked() {
    counter!(FEED_TICKS).increment(1);
}

/// How many viewers wait for news of the feed.
pub(crate) fn set_waiting_viewers(viewers: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a machine has far below 2^52 connections")]
    gauge!(FEED_WAITING).set(viewers as f64);
}

pub(crate) fn set_waiting(records: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a topic has far below 2^52 records")]
    gauge!(WAITING).set(records as f64);
}

/// Records how long these messages took. Each row must be passed once.
pub(crate) fn messages_stored(rows: &[Row]) {
    for row in rows {
        histogram!(MESSAGE_DURATION).record(duration_seconds(row));
    }
}

/// At least 0: the clocks of two machines may differ.
fn duration_seconds(row: &Row) -> f64 {
    let millis = row.stored_at.0.saturating_sub(row.sent_at.0).max(0);
    #[expect(clippy::cast_precision_loss, reason = "the age of a message is far below 2^52 ms")]
    let seconds = millis as f64 / 1000.0;
    seconds
}

#[cfg(test)]
mod tests {
    use barrage::time::Millis;

    use super::*;
    use crate::test_row::row;

    #[test]
    fn a_message_takes_from_sent_to_stored_and_never_less_than_nothing() {
        let mut row = row(0, 1, "a");
        (row.sent_at, row.stored_at) = (Millis(1000), Millis(3500));
        assert_eq!(duration_seconds(&row), 2.5);
        row.stored_at = Millis(900);
        assert_eq!(duration_seconds(&row), 0.0);
    }
}

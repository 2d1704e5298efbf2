//! librdkafka reports a failed login or a lost connection only through a client's error callback; the
//! requests that fail because of it just time out. [`ErrorCallback`] records the reason.

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::error::is_undecodable;
use crate::position::Offset;

/// Records the last error of a client. librdkafka repeats an error only now and then, so the last one
/// counts until another is reported or a request succeeds.
#[derive(Debug, Default)]
pub(super) struct ErrorCallback(Mutex<Option<RDKafkaErrorCode>>);

impl ErrorCallback {
    pub(super) fn last_error(&self) -> Option<RDKafkaErrorCode> {
        *self.0.lock()
    }

    /// To be called when a request has succeeded: what was reported before is over.
    pub(super) fn clear(&self) {
        *self.0.lock() = None;
    }
}

impl ClientContext for ErrorCallback {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::error!(target: "rdkafka::client", "librdkafka: {error}: {reason}");
        // `AllBrokersDown` follows every other error and gives no reason.
        let code = error.rdkafka_error_code();
        if let Some(code) = code.filter(|code| *code != RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock() = Some(code);
        }
    }
}

impl ConsumerContext for ErrorCallback {}

/// The callback of clients that read records. What an event of the consumer says is not logged here as well: that a
/// partition has ended, or that a record cannot be decoded.
#[derive(Debug, Default)]
pub(super) struct ReaderCallback {
    /// Where the partition has ended whose end is the next event. The event itself does not say it.
    end: Mutex<Option<Offset>>,
}

impl ReaderCallback {
    pub(super) fn take_end(&self) -> Option<Offset> {
        self.end.lock().take()
    }
}

impl ClientContext for ReaderCallback {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            *self.end.lock() = end_offset(reason);
        }
        log_unless_event(&error, reason);
    }
}

impl ConsumerContext for ReaderCallback {}

/// The offset in librdkafka's text "… reached end of partition at offset 5 (HighwaterMark 5)".
fn end_offset(reason: &str) -> Option<Offset> {
    let (_, rest) = reason.split_once("at offset ")?;
    rest.split(' ').next()?.parse().ok().and_then(Offset::new)
}

/// Logs an error of a client that reads records, unless its consumer gets it as an event, too.
pub(super) fn log_unless_event(error: &KafkaError, reason: &str) {
    let is_event = error
        .rdkafka_error_code()
        .is_some_and(|code| code == RDKafkaErrorCode::PartitionEOF || is_undecodable(code));
    if is_event {
        tracing::debug!(target: "rdkafka::client", "librdkafka: {error}: {reason}");
    } else {
        tracing::error!(target: "rdkafka::client", "librdkafka: {error}: {reason}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_partition_is_in_the_text() {
        let reason = "Fetch from broker 1 reached end of partition at offset 5 (HighwaterMark 7)";
        assert_eq!(end_offset(reason), Offset::new(5));
        assert_eq!(end_offset("another text"), None);
    }
}

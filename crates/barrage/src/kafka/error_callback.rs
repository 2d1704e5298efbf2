//! librdkafka reports a failed login or a lost connection only through a client's error callback; the
//! requests that fail because of it just time out. [`ErrorCallback`] records the reason.

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

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

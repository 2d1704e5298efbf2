//! What a client hears of its connections, and no answer tells: why it has none.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

/// Keeps the last trouble of a client in mind. Librdkafka says the same thing only now and then, so it
/// counts until something else is heard or an answer has come.
#[derive(Debug, Default)]
pub(super) struct Ear(Mutex<Option<RDKafkaErrorCode>>);

impl Ear {
    /// The last trouble.
    pub(super) fn trouble(&self) -> Option<RDKafkaErrorCode> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer has come.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ClientContext for Ear {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::error!(target: "rdkafka::client", "librdkafka: {error}: {reason}");
        // That all are down is said after each trouble, and is no reason.
        let code = error.rdkafka_error_code();
        if let Some(code) = code.filter(|code| *code != RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        }
    }
}

impl ConsumerContext for Ear {}

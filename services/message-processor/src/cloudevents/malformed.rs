//! What can be wrong with a request, however good its message may be.

use barrage::event::{EventError, excerpt};

use crate::place;

/// Why a request carries no events that could be processed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("content type {}: of the event formats only JSON is known", excerpt(.0))]
    Format(String),
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("a batch is a JSON array")]
    NotAnArray,
    #[error("an event is a JSON object")]
    NotAnObject,
    #[error("attribute {} is neither text nor a number nor a truth value", excerpt(.0))]
    Value(String),
    #[error("an event has either data or data_base64")]
    TwoData,
    #[error("data_base64 is not Base64")]
    Base64,
    #[error("not a CloudEvent: attribute {0} is missing")]
    Missing(String),
    #[error("attribute {} is not UTF-8", excerpt(.0))]
    NotUtf8(String),
    #[error("CloudEvents version {} is unknown", excerpt(.0))]
    Version(String),
    #[error(
        "the event does not say where its record lies in Kafka, neither in knativekafkapartition and \
         knativekafkaoffset nor in its subject (partition:P#O) nor in its id (partition:P/offset:O)"
    )]
    NoPosition,
    #[error("knativekafkapartition and knativekafkaoffset are not two whole numbers")]
    NotNumbers,
    #[error(transparent)]
    Position(#[from] place::Error),
}

impl From<EventError> for Malformed {
    fn from(error: EventError) -> Self {
        // Over HTTP an attribute is no `ce_` header as it is in Kafka.
        let attribute = |header: &str| header.strip_prefix("ce_").unwrap_or(header).to_owned();
        match error {
            EventError::Missing(header) => Self::Missing(attribute(header)),
            EventError::NotUtf8(header) => Self::NotUtf8(attribute(&header)),
            EventError::Version(version) => Self::Version(version),
        }
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }
}

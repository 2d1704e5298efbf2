//! What can go wrong between us and the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::Name;
use crate::retry::Fate;

/// Why the table did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table service could not be reached, or did not answer in time.
    #[error("the table service cannot be reached: {0}")]
    Unreachable(String),
    /// The table service wants less at a time.
    #[error("the table service throttles")]
    Throttled,
    /// The table does not exist, or not yet.
    #[error("table {0} does not exist")]
    NoTable(Name),
    /// Wrong credentials, or a missing permission.
    #[error("the table service refuses us: {0}")]
    Denied(String),
    /// A row larger than the service takes.
    #[error("the row is larger than the table service takes")]
    RowTooLarge,
    /// The table holds a row that is not as the contract says.
    #[error("row {key} has no valid attribute {attribute}")]
    Malformed {
        /// Its shard and offset.
        key: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// Any other word of the service.
    #[error("the table service failed: {0}")]
    Other(String),
}

impl Error {
    /// What it means for a record on its way.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unreachable(_)
            | Self::Throttled
            | Self::NoTable(_)
            | Self::Denied(_)
            | Self::Other(_) => Fate::Wait,
            Self::RowTooLarge | Self::Malformed { .. } => Fate::Final,
        }
    }

    /// Sorts a client's error, whatever the operation.
    pub(super) fn of<E, R>(error: SdkError<E, R>, name: &Name) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let Some(service) = error.as_service_error() else {
            return Self::Unreachable(deepest(&error));
        };
        let message = service.message().unwrap_or("no message").to_owned();
        match service.code().unwrap_or_default() {
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException" => Self::Throttled,
            "ResourceNotFoundException" => Self::NoTable(name.clone()),
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "AccessDeniedException" => Self::Denied(message),
            "ItemCollectionSizeLimitExceededException" => Self::RowTooLarge,
            code => Self::Other(format!("{code}: {message}")),
        }
    }
}

/// The SDK wraps its errors deeply, and the outer ones say nothing.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

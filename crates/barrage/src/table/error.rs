//! The errors of the table, and what each means for a record.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::Name;
use crate::retry::Fate;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service was not reached, or did not answer in time.
    #[error("the table service cannot be reached: {0}")]
    Unreachable(String),
    /// The service limits our requests.
    #[error("the table service throttles requests")]
    Throttled,
    /// It does not exist, or is still being created.
    #[error("table {0} does not exist")]
    NoTable(Name),
    /// The credentials are wrong, or a permission is missing.
    #[error("the table service denies access: {0}")]
    Denied(String),
    #[error("the row is larger than the table service allows")]
    RowTooLarge,
    /// A row that the table has is not as the contract says.
    #[error("row {key} has no valid attribute {attribute}")]
    Malformed {
        /// The row's key as `shard@offset`.
        key: String,
        attribute: &'static str,
    },
    /// Any other error of the service.
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

    /// Sorts an error of the SDK, of any operation.
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

/// The innermost source: the SDK wraps its errors several times, and only the innermost has the reason.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

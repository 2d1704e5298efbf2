//! The errors of Kafka, and what each means for a record.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::denial::{Access, Operation};
use crate::position::Topic;
use crate::retry::Fate;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No broker was reached, or none answered in time.
    #[error("kafka cannot be reached")]
    Unreachable(#[source] KafkaError),
    /// It does not exist, or the broker does not know of it yet.
    #[error("topic {0} does not exist")]
    NoTopic(Topic),
    /// The source says why it was not created: often a missing permission.
    #[error("topic {0} does not exist and cannot be created")]
    NotCreated(Topic, #[source] Box<Error>),
    /// Wrong credentials or a missing permission; the text says which.
    #[error("{0}")]
    Denied(String),
    /// A partition has no leader, or a group no coordinator. This ends by itself soon.
    #[error("kafka is electing a leader or a group coordinator")]
    Electing(#[source] KafkaError),
    #[error("the record is larger than kafka allows")]
    TooLarge,
    /// The broker answers that it failed, and has not stored the record.
    #[error("kafka did not store the record; its disk may be full")]
    NotStored(#[source] KafkaError),
    /// A record is there, but librdkafka cannot decode it: its batch is corrupt, or the codec is unknown.
    #[error("the kafka client cannot decode a record")]
    Unreadable(#[source] KafkaError),
    /// librdkafka rejects the settings that we give it.
    #[error("the kafka client rejects its configuration")]
    Configuration(#[source] KafkaError),
    /// Kafka acknowledged a record without its offset, and a search did not find it.
    #[error("kafka acknowledged the record, but reading it back did not find it")]
    Lost,
    /// The client never works again; librdkafka says why. A consumer fails so when another one joins the group with its
    /// `group.instance.id`.
    #[error("the kafka client failed for good: {0}")]
    Fatal(String),
    /// A task or thread of ours ended before it had a result.
    #[error("the kafka client was closed")]
    Closed,
    /// Any other error of the broker or of librdkafka.
    #[error("kafka failed")]
    Other(#[source] KafkaError),
}

impl Error {
    /// What it means for a record on its way.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unreachable(_)
            | Self::NoTopic(_)
            | Self::NotCreated(..)
            | Self::Denied(_)
            | Self::Electing(_)
            | Self::NotStored(_)
            | Self::Unreadable(_)
            | Self::Configuration(_)
            | Self::Lost
            | Self::Fatal(_)
            | Self::Closed
            | Self::Other(_) => Fate::Wait,
            Self::TooLarge => Fate::Final,
        }
    }

    /// Sorts an error of librdkafka that happened during this access.
    pub(super) fn of(error: KafkaError, access: &Access) -> Self {
        use RDKafkaErrorCode as Code;
        let code = error.rdkafka_error_code();
        if let Some(denial) = code.and_then(|code| access.denial(code)) {
            return Self::Denied(denial);
        }
        match code {
            _ if is_unreadable(&error) => Self::Unreadable(error),
            Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
                Self::NoTopic(access.topic.clone())
            }
            Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => Self::TooLarge,
            // Of a broker, unknown means that nobody expected the error.
            Some(Code::Unknown | Code::KafkaStorageError)
                if access.operation == Operation::Write =>
            {
                Self::NotStored(error)
            }
            Some(
                Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator,
            ) => Self::Electing(error),
            Some(
                Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::OperationTimedOut
                | Code::MessageTimedOut
                | Code::RequestTimedOut
                | Code::Resolve
                | Code::NetworkException,
            ) => Self::Unreachable(error),
            Some(_) | None => Self::Other(error),
        }
    }
}

/// Whether the error is about a record that was fetched and cannot be decoded.
pub(super) fn is_unreadable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumption(code) if is_undecodable(*code))
}

/// In this order: a wrong checksum, a damaged compressed batch, a codec or format that librdkafka does not know, a
/// damaged batch, and the broker's own word that its file is damaged.
pub(super) fn is_undecodable(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BadMessage
            | Code::BadCompression
            | Code::NotImplemented
            | Code::Underflow
            | Code::InvalidMessage
    )
}

//! What can go wrong between us and Kafka.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::access::Access;
use crate::position::Topic;
use crate::retry::Fate;

/// Why Kafka did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No broker could be reached, or none answered in time.
    #[error("kafka cannot be reached")]
    Unreachable(#[source] KafkaError),
    /// The topic does not exist, or not yet.
    #[error("topic {0} does not exist")]
    NoTopic(Topic),
    /// The topic does not exist, and we were not able to create it: perhaps we may not.
    #[error("topic {0} does not exist and cannot be created")]
    NotCreated(Topic, #[source] Box<Error>),
    /// The broker refuses us: wrong credentials, or a missing permission. The words say which.
    #[error("{0}")]
    Denied(String),
    /// Who leads a partition or a group is being settled: soon somebody does.
    #[error("kafka elects a leader")]
    Electing(#[source] KafkaError),
    /// A record larger than the broker takes.
    #[error("the record is larger than kafka takes")]
    TooLarge,
    /// The client cannot be made of this configuration.
    #[error("the kafka client cannot be made of this configuration")]
    Configuration(#[source] KafkaError),
    /// Kafka says that it has a record, which is not where it was looked for.
    #[error("kafka has the record but does not give it")]
    Lost,
    /// A task or thread of ours ended before its answer.
    #[error("the kafka client was closed")]
    Closed,
    /// Any other word of the broker or the client.
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
            | Self::Configuration(_)
            | Self::Lost
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
            Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
                Self::NoTopic(access.topic.clone())
            }
            Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => Self::TooLarge,
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

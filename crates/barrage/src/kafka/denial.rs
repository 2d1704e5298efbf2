//! What a client does with which topic or group, and as which user. An error of Kafka says none of it;
//! with it, a denied access becomes one line that an operator can act on.

use rdkafka::types::RDKafkaErrorCode as Code;

use super::group::Group;
use crate::position::Topic;

/// An operation that a client of ours does again and again.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// The SASL user; `None` without SASL.
    pub(super) user: Option<String>,
    pub(super) operation: Operation,
    pub(super) topic: Topic,
    pub(super) group: Group,
}

/// The operations of Kafka's access control lists that we need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Describe,
    Create,
    Read,
    Write,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "DESCRIBE",
            Self::Create => "CREATE",
            Self::Read => "READ",
            Self::Write => "WRITE",
        }
    }
}

impl Access {
    /// Kafka's own name for a user without SASL.
    const ANONYMOUS: &str = "ANONYMOUS";

    /// The line that explains a denied access; `None` when the code means something else.
    pub(super) fn denial(&self, code: Code) -> Option<String> {
        let user = self.user.as_deref().unwrap_or(Self::ANONYMOUS);
        let (operation, topic, group) = (self.operation.as_str(), &self.topic, &self.group);
        // An idempotent producer needs IDEMPOTENT_WRITE on the cluster. A user who may write to any topic has
        // it, so a denial for the cluster means the topic.
        let is_of_topic =
            matches!(code, Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed);
        if matches!(code, Code::Authentication | Code::SaslAuthenticationFailed) {
            Some(format!("kafka refuses user {user:?}: authentication failed"))
        } else if is_of_topic {
            Some(format!("user {user:?} may not {operation} topic \"{topic}\""))
        } else if code == Code::GroupAuthorizationFailed {
            Some(format!("user {user:?} may not {operation} group \"{group}\""))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(user: Option<&str>, operation: Operation) -> Access {
        let (topic, group) = ("barrage-info-dead".parse().unwrap(), "router".parse().unwrap());
        Access { user: user.map(str::to_owned), operation, topic, group }
    }

    #[test]
    fn a_denial_says_which_user_may_not_do_what() {
        let cases = [
            (Code::Authentication, "kafka refuses user \"alice\": authentication failed"),
            (
                Code::TopicAuthorizationFailed,
                "user \"alice\" may not WRITE topic \"barrage-info-dead\"",
            ),
            (Code::GroupAuthorizationFailed, "user \"alice\" may not WRITE group \"router\""),
        ];
        for (code, line) in cases {
            assert_eq!(access(Some("alice"), Operation::Write).denial(code).as_deref(), Some(line));
        }
        let anonymous = access(None, Operation::Read).denial(Code::TopicAuthorizationFailed);
        assert_eq!(
            anonymous.as_deref(),
            Some("user \"ANONYMOUS\" may not READ topic \"barrage-info-dead\"")
        );
        assert_eq!(access(None, Operation::Read).denial(Code::OperationTimedOut), None);
    }
}

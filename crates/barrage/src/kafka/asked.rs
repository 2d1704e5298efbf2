//! Who asks Kafka for what, so that a refusal can say it in one line.

use rdkafka::types::RDKafkaErrorCode as Code;

use super::Group;
use crate::position::Topic;

/// Something that we ask for, again and again.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Whom Kafka knows us as.
    pub(super) user: Option<String>,
    pub(super) what: What,
    pub(super) topic: Topic,
    pub(super) group: Group,
}

/// What Kafka calls it where it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Describe,
    Create,
    Read,
    Write,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "DESCRIBE",
            Self::Create => "CREATE",
            Self::Read => "READ",
            Self::Write => "WRITE",
        }
    }
}

impl Asked {
    /// What Kafka calls those who do not say who they are.
    const NOBODY: &str = "ANONYMOUS";

    /// What a refusal means, in one line; nothing where the code is none.
    pub(super) fn refusal(&self, code: Code) -> Option<String> {
        let user = self.user.as_deref().unwrap_or(Self::NOBODY);
        let (what, topic, group) = (self.what.as_str(), &self.topic, &self.group);
        // A producer may begin where it may write any topic.
        let is_of_topic =
            matches!(code, Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed);
        if matches!(code, Code::Authentication | Code::SaslAuthenticationFailed) {
            Some(format!("kafka refuses user {user:?}: authentication failed"))
        } else if is_of_topic {
            Some(format!("user {user:?} may not {what} topic \"{topic}\""))
        } else if code == Code::GroupAuthorizationFailed {
            Some(format!("user {user:?} may not {what} group \"{group}\""))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: Option<&str>, what: What) -> Asked {
        let (topic, group) = ("barrage-info-dead".parse().unwrap(), "router".parse().unwrap());
        Asked { user: user.map(str::to_owned), what, topic, group }
    }

    #[test]
    fn a_refusal_says_which_user_may_not_do_what() {
        let cases = [
            (Code::Authentication, "kafka refuses user \"alice\": authentication failed"),
            (
                Code::TopicAuthorizationFailed,
                "user \"alice\" may not WRITE topic \"barrage-info-dead\"",
            ),
            (Code::GroupAuthorizationFailed, "user \"alice\" may not WRITE group \"router\""),
        ];
        for (code, line) in cases {
            assert_eq!(asked(Some("alice"), What::Write).refusal(code).as_deref(), Some(line));
        }
        let nobody = asked(None, What::Read).refusal(Code::TopicAuthorizationFailed);
        assert_eq!(
            nobody.as_deref(),
            Some("user \"ANONYMOUS\" may not READ topic \"barrage-info-dead\"")
        );
        assert_eq!(asked(None, What::Read).refusal(Code::OperationTimedOut), None);
    }
}

//! The name of a consumer group, and of a member that stays the same when it restarts.

use std::fmt;
use std::str::FromStr;

use crate::position::{Topic, TopicError};

/// 1 to 249 bytes, as Kafka allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(String);

impl Group {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Group {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if (1..=249).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Kafka's `group.instance.id`, by the same rules as the name of a topic: 1 to 249 of `a-z A-Z 0-9 . _ -`. A member with one gets its partitions back as soon as it
/// has restarted, also after it was killed. Without one, Kafka first waits until the session of the killed member ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInstanceId(Topic);

impl GroupInstanceId {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for GroupInstanceId {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_instance_id_has_only_the_characters_that_kafka_allows() {
        for (text, is_one) in [
            ("event-router", true),
            ("a.B_0", true),
            ("", false),
            ("..", false),
            ("router 1", false),
            ("路由", false),
        ] {
            assert_eq!(text.parse::<GroupInstanceId>().is_ok(), is_one, "{text}");
        }
        assert!("a".repeat(249).parse::<GroupInstanceId>().is_ok());
        assert!("a".repeat(250).parse::<GroupInstanceId>().is_err());
    }
}

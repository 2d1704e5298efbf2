//! The name of a consumer group.

use std::fmt;
use std::str::FromStr;

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

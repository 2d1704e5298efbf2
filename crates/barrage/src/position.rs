//! The position of a record in Kafka, and the shard of the table that has its row.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of a topic: 1 to 249 of `a-z A-Z 0-9 . _ -`, but neither `.` nor `..`. This is Kafka's own rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

/// The text is not the name of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -")]
pub struct TopicError;

impl Topic {
    pub const MAX_LENGTH: usize = 249;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The default topic for dead letters: this one's name with `-dead`.
    ///
    /// # Errors
    /// When that is longer than [`Topic::MAX_LENGTH`].
    pub fn dead_letter_topic(&self) -> Result<Self, TopicError> {
        format!("{self}-dead").parse()
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text != "." && text != "..";
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if fits && plain { Ok(Self(text.into())) } else { Err(TopicError) }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a partition, from 0.
pub type Partition = i32;

/// The number of a record in its partition, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i64);

impl Offset {
    /// `None` when it is negative: Kafka's protocol uses such numbers for other things.
    pub fn new(offset: i64) -> Option<Self> {
        (offset >= 0).then_some(Self(offset))
    }

    pub fn get(self) -> i64 {
        self.0
    }

    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// How many offsets it is from `earlier` to this one; 0 when `earlier` is the larger one.
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// All offsets from this one on and before `end`.
    pub fn until(self, end: Self) -> impl Iterator<Item = Self> {
        (self.0..end.0).map(Self)
    }

    pub fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// Stops at 0, the beginning of the partition.
    pub fn minus(self, count: i64) -> Self {
        Self((self.0 - count).max(0))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Topic, partition and offset: the identity of a record, and the key of its row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub topic: Topic,
    pub partition: Partition,
    pub offset: Offset,
}

impl Position {
    /// The shard that has this record's row.
    pub fn shard(&self) -> Shard {
        Shard::of(&self.topic, self.partition, self.offset)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

/// The partition key of the table: `{topic}#{partition}#{offset >> 16}`.
///
/// So rows are spread over the table as records are over partitions, and no shard has more than 65,536 rows.
/// An example: the row of offset 70,000 of partition 3 is in shard `barrage-info#3#1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    topic: Topic,
    partition: Partition,
    bucket: i64,
}

impl Shard {
    /// How many low bits of the offset are not part of the shard.
    const BITS: u32 = 16;

    pub fn of(topic: &Topic, partition: Partition, offset: Offset) -> Self {
        Self { topic: topic.clone(), partition, bucket: offset.get() >> Self::BITS }
    }

    /// The first offset after this shard.
    pub fn end(&self) -> Offset {
        Offset((self.bucket + 1) << Self::BITS)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.topic, self.partition, self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_holds_65536_offsets_of_one_partition() {
        let topic: Topic = "barrage-info".parse().unwrap();
        let shard = |offset| Shard::of(&topic, 3, Offset::new(offset).unwrap());
        assert_eq!(shard(0).to_string(), "barrage-info#3#0");
        assert_eq!(shard(65_535), shard(0));
        assert_eq!(shard(65_536).to_string(), "barrage-info#3#1");
        assert_eq!(shard(65_535).end().get(), 65_536);
    }

    #[test]
    fn a_topic_has_the_names_that_kafka_allows() {
        for good in ["a", "barrage-info", "A.b_c-1", &"x".repeat(249)] {
            assert!(good.parse::<Topic>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
            assert!(bad.parse::<Topic>().is_err(), "{bad}");
        }
    }

    #[test]
    fn no_offset_is_negative() {
        assert_eq!(Offset::new(-1), None);
        assert_eq!(Offset::new(5).unwrap().minus(9), Offset::default());
        assert_eq!(Offset::new(5).unwrap().since(Offset::new(9).unwrap()), 0);
    }
}

//! The position that each record of a call must have: without it there is no key for its row.

use std::collections::HashSet;

use barrage::position::{Offset, Position, TopicError};

use crate::incoming::Incoming;

/// Why a call's positions are wrong. That is the caller's bug, and no fault of a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("a record has no position")]
    Missing,
    #[error("a record's position has no topic: {0}")]
    Topic(#[from] TopicError),
    #[error("a record's partition is {0}, it cannot be negative")]
    Partition(i32),
    #[error("a record's offset is {0}, it cannot be negative")]
    Offset(i64),
    #[error("two records have the position {0}")]
    Twice(Position),
}

/// The position, if each part of it can be.
pub(crate) fn position(topic: &str, partition: i32, offset: i64) -> Result<Position, Error> {
    let topic = topic.parse()?;
    if partition < 0 {
        return Err(Error::Partition(partition));
    }
    let offset = Offset::new(offset).ok_or(Error::Offset(offset))?;
    Ok(Position { topic, partition, offset })
}

/// Checks that no two records of a call claim the same row.
pub(crate) fn distinct(records: &[Incoming]) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(records.len());
    match records.iter().find(|record| !seen.insert(&record.position)) {
        Some(twice) => Err(Error::Twice(twice.position.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_position_is_checked() {
        assert_eq!(position("t", 0, 0).unwrap().to_string(), "t/0@0");
        assert_eq!(position("", 0, 0), Err(Error::Topic(TopicError)));
        assert_eq!(position("t", -1, 0), Err(Error::Partition(-1)));
        assert_eq!(position("t", 0, -1001), Err(Error::Offset(-1001)));
    }

    #[test]
    fn two_records_of_a_call_have_different_positions() {
        let at = |partition, offset| Incoming {
            position: position("t", partition, offset).unwrap(),
            ..Incoming::example()
        };
        assert_eq!(distinct(&[at(0, 1), at(0, 2), at(1, 1)]), Ok(()));
        assert_eq!(distinct(&[]), Ok(()));
        let twice = distinct(&[at(0, 1), at(0, 2), at(0, 1)]).unwrap_err();
        assert_eq!(twice.to_string(), "two records have the position t/0@1");
    }
}

//! A record of a call, and the outcome that answers it. gRPC and CloudEvents over HTTP share these types.

use std::collections::HashSet;

use axum::body::Bytes;
use barrage::message::{NameError, TextError};
use barrage::position::{Offset, Position, TopicError};
use barrage::propagation::TraceParent;
use barrage::time::Millis;

/// A record as the caller sent it. Only its position is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) position: Position,
    pub(crate) id: String,
    /// Empty if the caller does not say it.
    pub(crate) source: String,
    /// The `type` of the event, which is a reserved word in Rust.
    pub(crate) kind: String,
    pub(crate) data: Bytes,
    /// The parent of this record's span.
    pub(crate) traceparent: Option<TraceParent>,
    /// When the caller read it from Kafka, if the caller says so.
    pub(crate) read_at: Option<Millis>,
}

impl Record {
    /// `read_at`, if it can be true: not before the message was sent and not after the record was received,
    /// as far as clocks can differ.
    pub(crate) fn read_between(&self, sent_at: Millis, received_at: Millis) -> Option<Millis> {
        let is_possible =
            |at: &Millis| !at.has_surely_passed(sent_at) && !received_at.has_surely_passed(*at);
        self.read_at.filter(is_possible)
    }
}

/// Why the positions of a call are wrong: a bug of the caller, not the fault of a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PositionError {
    #[error("a record has no position")]
    Missing,
    #[error("a record's position has no valid topic: {0}")]
    Topic(#[from] TopicError),
    #[error("a record's partition is {0}, it cannot be negative")]
    Partition(i32),
    #[error("a record's offset is {0}, it cannot be negative")]
    Offset(i64),
    #[error("two records have the position {0}")]
    Duplicate(Position),
}

/// Checks each part of a position.
pub(crate) fn position(
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<Position, PositionError> {
    let topic = topic.parse()?;
    if partition < 0 {
        return Err(PositionError::Partition(partition));
    }
    let offset = Offset::new(offset).ok_or(PositionError::Offset(offset))?;
    Ok(Position { topic, partition, offset })
}

/// Checks that no two records of a call have the same position, which is the key of a row.
pub(crate) fn check_distinct(records: &[Record]) -> Result<(), PositionError> {
    let mut seen = HashSet::with_capacity(records.len());
    match records.iter().find(|record| !seen.insert(&record.position)) {
        Some(second) => Err(PositionError::Duplicate(second.position.clone())),
        None => Ok(()),
    }
}

/// The answer for one record.
///
/// There is no `Retry`: a record is valid or not, and any other problem fails the whole call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A row with the record's position exists.
    Stored,
    /// The record can never be stored.
    Rejected(Rejection),
}

/// Why a record is rejected. This becomes the reason of its dead letter and a log line. It names what is
/// wrong, and does not repeat what a person wrote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the event's type {0:?} is unknown")]
    Type(String),
    #[error("the event's id has {bytes} bytes, it must have 1 to {max}", max = Self::MAX_ID_BYTES)]
    Id { bytes: usize },
    #[error("the event's source has {bytes} bytes, it must have at most {max}", max = Self::MAX_SOURCE_BYTES)]
    Source { bytes: usize },
    #[error("there is no data")]
    Empty,
    #[error("the data is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the data is not a JSON object")]
    NotAnObject,
    #[error("the data has a field twice")]
    DuplicateField,
    #[error("the data has no field {0}")]
    MissingField(&'static str),
    #[error("the data's field {field} is not {expected}")]
    Field { field: &'static str, expected: &'static str },
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("the table never accepts this row: {0}")]
    Unstorable(String),
}

impl Rejection {
    /// The longest id. Everything in a row but id and source is short by its type, so these two bound a row.
    pub(crate) const MAX_ID_BYTES: usize = 256;
    /// The longest source. That of a KafkaSource has at most 612 bytes.
    pub(crate) const MAX_SOURCE_BYTES: usize = 1024;
}

#[cfg(test)]
impl Record {
    /// A record that has nothing wrong with it.
    pub(crate) fn example() -> Self {
        let data = r#"{"message":"hi","burst":"00000000-0000-0000-0000-000000000001","sender":3,"seq":17,
            "sent_at":"2026-01-01T00:00:00.000Z"}"#;
        Self {
            position: position("barrage-info", 2, 70_000).unwrap(),
            id: "019b76da-a800-7000-8000-000000000001".into(),
            source: "/homepage/a".into(),
            kind: barrage::message::EVENT_TYPE.into(),
            data: data.into(),
            traceparent: None,
            read_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_position_is_checked() {
        assert_eq!(position("t", 0, 0).unwrap().to_string(), "t/0@0");
        assert_eq!(position("", 0, 0), Err(PositionError::Topic(TopicError)));
        assert_eq!(position("t", -1, 0), Err(PositionError::Partition(-1)));
        assert_eq!(position("t", 0, -1001), Err(PositionError::Offset(-1001)));
    }

    #[test]
    fn two_records_of_a_call_have_different_positions() {
        let at = |partition, offset| Record {
            position: position("t", partition, offset).unwrap(),
            ..Record::example()
        };
        assert_eq!(check_distinct(&[at(0, 1), at(0, 2), at(1, 1)]), Ok(()));
        assert_eq!(check_distinct(&[]), Ok(()));
        let duplicate = check_distinct(&[at(0, 1), at(0, 2), at(0, 1)]).unwrap_err();
        assert_eq!(duplicate.to_string(), "two records have the position t/0@1");
    }

    #[test]
    fn a_time_of_reading_counts_only_if_it_can_be_true() {
        let minute = 60_000;
        let read = |minutes| {
            let read_at = Some(Millis(minutes * minute));
            let record = Record { read_at, ..Record::example() };
            record.read_between(Millis(100 * minute), Millis(200 * minute))
        };
        for possible in [86, 100, 150, 200, 214] {
            assert_eq!(read(possible), Some(Millis(possible * minute)));
        }
        for impossible in [1, 85, 215, i64::MAX / minute] {
            assert_eq!(read(impossible), None, "{impossible}");
        }
    }
}

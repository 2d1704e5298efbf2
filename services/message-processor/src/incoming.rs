//! What enters the processor, and what it answers, by whichever door.

use axum::body::Bytes;
use barrage::position::Position;
use barrage::propagation::TraceParent;

use crate::parse::Rejection;

/// A record as it was forwarded; nothing of it but its position is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) position: Position,
    /// The event's id.
    pub(crate) id: String,
    /// The event's type.
    pub(crate) kind: String,
    pub(crate) data: Bytes,
    /// The span above, when the record came with one.
    pub(crate) traceparent: Option<TraceParent>,
}

/// The answer for one record.
///
/// There is no `Retry` here: a record is right or wrong by itself alone, and what is wrong with the world
/// fails the whole call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A row with the record's position exists.
    Stored,
    /// It can never be stored.
    Rejected(Rejection),
}

#[cfg(test)]
impl Incoming {
    /// A record that is right.
    pub(crate) fn example() -> Self {
        let data = r#"{"message":"hi","burst":"00000000-0000-0000-0000-000000000001","sender":3,"seq":17,
            "sent_at":"2026-01-01T00:00:00.000Z"}"#;
        Self {
            position: crate::place::position("barrage-info", 2, 70_000).unwrap(),
            id: "019b76da-a800-7000-8000-000000000001".into(),
            kind: barrage::message::EVENT_TYPE.into(),
            data: data.into(),
            traceparent: None,
        }
    }
}

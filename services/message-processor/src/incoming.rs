//! What enters the processor, and what it answers, by whichever door.

use axum::body::Bytes;
use barrage::position::Position;
use barrage::propagation::TraceParent;
use barrage::time::Millis;

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
    /// When the caller says it had read it from Kafka.
    pub(crate) read_at: Option<Millis>,
}

impl Incoming {
    /// When it had been read from Kafka, if that can be: after it was sent, before it came here, as far
    /// as clocks may be apart.
    pub(crate) fn read_between(&self, sent_at: Millis, received_at: Millis) -> Option<Millis> {
        let can_be =
            |at: &Millis| !at.has_surely_passed(sent_at) && !received_at.has_surely_passed(*at);
        self.read_at.filter(can_be)
    }
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
            read_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_reading_counts_only_where_it_can_be() {
        let minute = 60_000;
        let read = |minutes| {
            let read_at = Some(Millis(minutes * minute));
            let record = Incoming { read_at, ..Incoming::example() };
            record.read_between(Millis(100 * minute), Millis(200 * minute))
        };
        for possible in [86, 100, 150, 200, 214] {
            assert_eq!(read(possible), Some(Millis(possible * minute)));
        }
        for absurd in [1, 85, 215, i64::MAX / minute] {
            assert_eq!(read(absurd), None, "{absurd}");
        }
    }
}

//! A record of a call.

use barrage::time::Millis;
use proto::Record;

use crate::incoming::Incoming;
use crate::place;

/// The record. A `traceparent` that is malformed counts as none, as W3C Trace Context wants it.
pub(super) fn incoming(record: Record) -> Result<Incoming, place::Error> {
    let at = record.position.ok_or(place::Error::Missing)?;
    let event = record.event.unwrap_or_default();
    Ok(Incoming {
        position: place::position(&at.topic, at.partition, at.offset)?,
        id: event.id,
        kind: event.r#type,
        data: record.data,
        traceparent: record.traceparent.parse().ok(),
        read_at: Some(Millis(record.read_at)).filter(|at| *at > Millis(0)),
    })
}

#[cfg(test)]
mod tests {
    use proto::{CloudEvent, Position};

    use super::*;

    fn record() -> Record {
        Record {
            position: Some(Position { topic: "t".into(), partition: 1, offset: 2 }),
            event: Some(CloudEvent { id: "i".into(), r#type: "k".into(), ..Default::default() }),
            data: "{}".into(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
            tracestate: String::new(),
            read_at: 1_700_000_000_123,
        }
    }

    #[test]
    fn a_record_keeps_what_it_has() {
        let incoming = incoming(record()).unwrap();
        assert_eq!(incoming.position.to_string(), "t/1@2");
        assert_eq!((incoming.id.as_str(), incoming.kind.as_str()), ("i", "k"));
        assert_eq!(incoming.traceparent.unwrap().to_string(), record().traceparent);
        assert_eq!(incoming.read_at, Some(Millis(1_700_000_000_123)));
    }

    #[test]
    fn only_the_position_cannot_be_missing() {
        let bare = Record { position: record().position, ..Default::default() };
        let bare = incoming(bare).unwrap();
        assert_eq!((bare.traceparent, bare.read_at), (None, None));
        assert_eq!(incoming(Record::default()), Err(place::Error::Missing));
    }

    #[test]
    fn a_negative_time_is_none() {
        let negative = Record { read_at: i64::MIN, ..record() };
        assert_eq!(incoming(negative).unwrap().read_at, None);
    }
}

//! When a record and a row, or two rows, are of the same event.
//!
//! An event's id is unique only within its source. A wrapped record has its position as id, and the source of whoever
//! wrapped it: a router and a KafkaSource name different ones. So there the id decides without the source, and the
//! numbers of the message tell it from a record that an earlier topic had at the same position.

use serde::Deserialize;
use uuid::Uuid;

use super::record::{Form, RecordEvent, RecordParts, wrapped_id};
use crate::position::Position;

/// What identifies an event, and the row that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    id: String,
    /// `None` for a wrapped record, and for a row that is older than the attribute.
    source: Option<String>,
    /// `None` for a record that is not wrapped: its id and source are enough.
    numbers: Option<Numbers>,
}

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub burst: Uuid,
    pub sender: u32,
    pub seq: u64,
}

/// The numbers in the value of a wrapped record. Whoever writes `{"message":"hi"}` by hand gives none.
#[derive(Deserialize)]
struct GivenNumbers {
    burst: Option<Uuid>,
    sender: Option<u32>,
    seq: Option<u64>,
}

impl Numbers {
    /// Those of a single message that gives none: it is a burst of its own, identified by its position.
    pub fn of_single(position: &Position) -> Self {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&position.partition.to_be_bytes());
        // Bytes 6 and 8 hold the version and the variant of the UUID.
        bytes[4..6].copy_from_slice(&position.offset.get().to_be_bytes()[..2]);
        bytes[10..].copy_from_slice(&position.offset.get().to_be_bytes()[2..]);
        let burst = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        Self { burst, sender: 1, seq: 1 }
    }

    fn of_value(value: &[u8], position: &Position) -> Option<Self> {
        let GivenNumbers { burst, sender, seq } = serde_json::from_slice(value).ok()?;
        let single = Self::of_single(position);
        Some(Self {
            burst: burst.unwrap_or(single.burst),
            sender: sender.unwrap_or(single.sender),
            seq: seq.unwrap_or(single.seq),
        })
    }
}

impl Identity {
    /// Of a record; `None` if no row can be of it.
    pub fn of_record(record: &RecordParts<'_>) -> Option<Self> {
        match record.event() {
            Ok(RecordEvent { event, form: Form::Binary | Form::Structured { .. } }) => {
                Some(Self { id: event.id, source: Some(event.source), numbers: None })
            }
            // A KafkaSource also wraps a record that announces an event and is none.
            Ok(RecordEvent { form: Form::Wrapped, .. }) | Err(_) => {
                let value = record.value.unwrap_or_default();
                let numbers = Numbers::of_value(value, record.position)?;
                let id = wrapped_id(record.position);
                Some(Self { id, source: None, numbers: Some(numbers) })
            }
        }
    }

    /// Of a row.
    pub fn of_row(id: &str, source: Option<&str>, numbers: Numbers) -> Self {
        Self { id: id.to_owned(), source: source.map(str::to_owned), numbers: Some(numbers) }
    }

    /// Whether both are of the same event, by all that both say.
    pub fn matches(&self, other: &Self) -> bool {
        let numbers = self.numbers.zip(other.numbers);
        let sources = self.source.as_ref().zip(other.source.as_ref());
        self.id == other.id
            && sources.is_none_or(|(own, other)| own == other)
            && numbers.is_none_or(|(own, other)| own == other)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::Header;
    use crate::position::Offset;

    const NUMBERS: Numbers = Numbers { burst: Uuid::nil(), sender: 3, seq: 17 };

    fn of(headers: &[(&str, &str)], value: &str) -> Option<Identity> {
        let position =
            Position { topic: "t".parse().unwrap(), partition: 1, offset: Offset::new(2).unwrap() };
        let header = |(name, text): &(&str, &str)| {
            ((*name).into(), Some(Bytes::copy_from_slice(text.as_bytes())))
        };
        let headers: Vec<Header> = headers.iter().map(header).collect();
        let value = Some(value.as_bytes());
        let record = RecordParts { position: &position, key: None, value, headers: &headers };
        Identity::of_record(&record)
    }

    fn event(id: &str, source: &str) -> Option<Identity> {
        of(&[("ce_specversion", "1.0"), ("ce_id", id), ("ce_source", source), ("ce_type", "t")], "")
    }

    fn row(id: &str, source: Option<&str>) -> Identity {
        Identity::of_row(id, source, NUMBERS)
    }

    #[test]
    fn an_event_is_identified_by_its_id_and_its_source() {
        let row = row("1", Some("/a"));
        assert!(event("1", "/a").unwrap().matches(&row));
        assert!(!event("1", "/b").unwrap().matches(&row), "another producer also counts from 1");
        assert!(!event("2", "/a").unwrap().matches(&row));
    }

    #[test]
    fn an_event_in_structured_mode_is_identified_by_its_value() {
        let value = r#"{"specversion":"1.0","id":"1","source":"/a","type":"t"}"#;
        let structured = of(&[("content-type", "application/cloudevents+json")], value);
        assert_eq!(structured, event("1", "/a"));
    }

    #[test]
    fn a_wrapped_record_is_identified_by_its_position_whoever_wrapped_it() {
        let value = r#"{"message":"hi","burst":"00000000-0000-0000-0000-000000000000","sender":3,"seq":17}"#;
        let plain = of(&[], value).unwrap();
        let sources = ["/event-router#t", "/apis/v1/namespaces/n/kafkasources/k#t"];
        for source in sources.map(Some).into_iter().chain([None]) {
            assert!(plain.matches(&row("partition:1/offset:2", source)));
            assert!(!plain.matches(&row("partition:1/offset:3", source)));
        }
        let earlier = of(&[], &value.replace("17", "18")).unwrap();
        let at = row("partition:1/offset:2", None);
        assert!(!earlier.matches(&at), "an earlier topic had another message at this position");
    }

    #[test]
    fn a_row_without_a_source_is_of_the_event_with_its_id() {
        assert!(event("1", "/a").unwrap().matches(&row("1", None)));
        assert!(!event("1", "/a").unwrap().matches(&row("2", None)));
    }

    #[test]
    fn no_row_is_of_a_record_that_cannot_be_read_or_is_no_message() {
        assert_eq!(of(&[("ce_id", "1")], ""), None);
        assert_eq!(of(&[], "hi"), None);
    }

    #[test]
    fn a_plain_message_without_numbers_is_a_burst_of_its_own() {
        let at = |offset| Position {
            topic: "t".parse().unwrap(),
            partition: 1,
            offset: Offset::new(offset).unwrap(),
        };
        let single = Numbers::of_single(&at(2));
        assert_eq!(single.burst.to_string(), "00000001-0000-8000-8000-000000000002");
        assert_ne!(single, Numbers::of_single(&at(i64::MAX)));
        let row = Identity::of_row("partition:1/offset:2", None, single);
        assert!(of(&[], r#"{"message":"hi"}"#).unwrap().matches(&row));
    }
}

//! Reads the message of a record, or says why there never will be one.

mod fields;

use std::num::{NonZeroU32, NonZeroU64};

use barrage::message::{EVENT_TYPE, Message, Text, TextError};

use self::fields::Fields;
use crate::incoming::Incoming;

/// Why a record is rejected. The words go to the dead-letter topic and to the log, so they name what is
/// wrong and do not repeat what a person wrote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the event's type {0:?} is unknown")]
    Type(String),
    #[error("the event's id has {bytes} bytes, it must have 1 to {MAX_ID_BYTES}")]
    Id { bytes: usize },
    #[error("there is no data")]
    Empty,
    #[error("the data is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the data is not a JSON object")]
    NotAnObject,
    #[error("the data has a field twice")]
    Twice,
    #[error("the data has no field {0}")]
    Missing(&'static str),
    #[error("the data's field {field} is not {expected}")]
    Field { field: &'static str, expected: &'static str },
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("the table can never take it: {0}")]
    Unstorable(String),
}

/// With it a row is bounded: all that is in one beside the id is short by type.
const MAX_ID_BYTES: usize = 256;

/// The message of a record.
pub(crate) fn message(record: &Incoming) -> Result<Message, Rejection> {
    if record.kind != EVENT_TYPE {
        return Err(Rejection::Type(record.kind.chars().take(64).collect()));
    }
    let bytes = record.id.len();
    if !(1..=MAX_ID_BYTES).contains(&bytes) {
        return Err(Rejection::Id { bytes });
    }
    let mut fields = Fields::of(&record.data)?;
    let text: String = fields.take("message", "a text")?;
    Ok(Message {
        message: Text::parse(&text)?,
        burst: fields.take("burst", "a UUID")?,
        sender: fields.take::<NonZeroU32>("sender", "a number from 1")?.get(),
        seq: fields.take::<NonZeroU64>("seq", "a number from 1")?.get(),
        sent_at: fields.take("sent_at", "a time as in RFC 3339")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn reason(change: impl FnOnce(&mut Incoming)) -> String {
        let mut record = Incoming::example();
        change(&mut record);
        message(&record).unwrap_err().to_string()
    }

    fn with(field: &str, value: Value) -> Incoming {
        let mut record = Incoming::example();
        let mut data: Value = serde_json::from_slice(&record.data).unwrap();
        data[field] = value;
        record.data = data.to_string().into();
        record
    }

    #[test]
    fn a_record_of_the_contract_has_its_message() {
        let message = message(&Incoming::example()).unwrap();
        assert_eq!(message.message.as_str(), "hi");
        assert_eq!((message.sender, message.seq), (3, 17));
        assert_eq!(message.sent_at.to_string(), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn another_field_is_no_fault() {
        assert!(message(&with("colour", "red".into())).is_ok());
    }

    #[test]
    fn the_envelope_is_judged_first() {
        let unknown = reason(|record| record.kind = "x".repeat(999));
        assert_eq!(unknown, format!("the event's type {:?} is unknown", "x".repeat(64)));
        let long = reason(|record| record.id = "i".repeat(257));
        assert_eq!(long, "the event's id has 257 bytes, it must have 1 to 256");
        let none = reason(|record| record.id.clear());
        assert_eq!(none, "the event's id has 0 bytes, it must have 1 to 256");
    }

    #[test]
    fn what_is_no_json_object_is_rejected() {
        let broken = reason(|record| record.data = r#"{"message":"#.into());
        assert_eq!(broken, "the data is not JSON (line 1, column 11)");
        let binary = reason(|record| record.data = vec![0xff, 0xfe].into());
        assert_eq!(binary, "the data is not JSON (line 1, column 1)");
        assert_eq!(reason(|record| record.data = "[]".into()), "the data is not a JSON object");
        assert_eq!(reason(|record| record.data = "".into()), "there is no data");
    }

    #[test]
    fn each_field_is_missed_and_judged_by_name() {
        for name in ["message", "burst", "sender", "seq", "sent_at"] {
            let wrong = message(&with(name, Value::Bool(true))).unwrap_err();
            assert!(wrong.to_string().starts_with(&format!("the data's field {name} is not ")));
            let data: Value = serde_json::from_slice(&Incoming::example().data).unwrap();
            let without = reason(|record| {
                let mut fields = data.as_object().unwrap().clone();
                fields.remove(name);
                record.data = Value::Object(fields).to_string().into();
            });
            assert_eq!(without, format!("the data has no field {name}"));
        }
    }

    #[test]
    fn a_text_that_is_no_message_is_rejected_without_being_repeated() {
        let long = message(&with("message", "弹".repeat(101).into())).unwrap_err();
        assert_eq!(long.to_string(), "the message has 101 characters, at most 100 are allowed");
        let empty = message(&with("message", " \n".into())).unwrap_err();
        assert_eq!(empty.to_string(), "the message is empty");
    }

    #[test]
    fn senders_and_their_messages_are_counted_from_1() {
        for name in ["sender", "seq"] {
            for wrong in ["0", "-1", "1.0", "1e3", "18446744073709551616", "\"1\"", "null"] {
                let wrong = message(&with(name, wrong.parse().unwrap())).unwrap_err();
                assert_eq!(
                    wrong.to_string(),
                    format!("the data's field {name} is not a number from 1")
                );
            }
        }
    }

    #[test]
    fn a_field_that_is_there_twice_is_ambiguous() {
        let twice = reason(|record| {
            let data = String::from_utf8(record.data.to_vec()).unwrap();
            record.data = data.replacen('{', r#"{"message":"other","#, 1).into();
        });
        assert_eq!(twice, "the data has a field twice");
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_message_or_a_reason(
            kind in "\\PC{0,4}|barrage.message.sent.v1",
            id in "\\PC{0,300}",
            data in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let record = Incoming { kind, id, data: data.into(), ..Incoming::example() };
            prop_assert!(message(&record).is_err());
        }

        #[test]
        fn a_message_that_is_changed_somewhere_has_a_message_or_a_reason(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>(),
        ) {
            let mut data = Incoming::example().data.to_vec();
            let at = at.index(data.len());
            data[at] = byte;
            data.truncate(end.index(data.len()) + 1);
            let record = Incoming { data: data.into(), ..Incoming::example() };
            if let Err(rejection) = message(&record) {
                prop_assert!(!rejection.to_string().is_empty());
            }
        }
    }
}

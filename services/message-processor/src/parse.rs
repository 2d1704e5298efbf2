//! Reads the message of a record, or says why there never will be one.

use barrage::message::{EVENT_TYPE, Message, Text, TextError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::incoming::Incoming;

/// Why a record is rejected. The words go to the dead-letter topic and to the log, so they name what is
/// wrong and do not repeat what a person wrote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the event's type {0:?} is unknown")]
    Type(String),
    #[error("the event's id has {bytes} bytes, it must have 1 to {MAX_ID_BYTES}")]
    Id { bytes: usize },
    #[error("the data is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the data is not a JSON object")]
    NotAnObject,
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
    let data = serde_json::from_slice(&record.data)
        .map_err(|error| Rejection::NotJson { line: error.line(), column: error.column() })?;
    let Value::Object(mut fields) = data else { return Err(Rejection::NotAnObject) };
    let text: String = field(&mut fields, "message", "a text")?;
    Ok(Message {
        message: Text::parse(&text)?,
        burst: field(&mut fields, "burst", "a UUID")?,
        sender: field(&mut fields, "sender", "a number from 1")?,
        seq: field(&mut fields, "seq", "a number from 1")?,
        sent_at: field(&mut fields, "sent_at", "a time as in RFC 3339")?,
    })
}

/// Field by field, because serde's own words repeat the value and do not always name the field.
fn field<T: DeserializeOwned>(
    fields: &mut Map<String, Value>,
    field: &'static str,
    expected: &'static str,
) -> Result<T, Rejection> {
    let value = fields.remove(field).ok_or(Rejection::Missing(field))?;
    serde_json::from_value(value).map_err(|_| Rejection::Field { field, expected })
}

#[cfg(test)]
mod tests {
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
}

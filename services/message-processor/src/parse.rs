//! Reads the message of a record, or says why the record can never be stored.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use barrage::event::{Numbers, WRAPPED_TYPE};
use barrage::json_object::JsonObject;
use barrage::message::{EVENT_TYPE, Message, Name, Text};
use barrage::time::Millis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::record::{Record, Rejection};

/// Checks the envelope first, then each field of the data. Of a wrapped record only the data says what it is: if that
/// is no more than a message, it is a single message that was sent when it was received.
pub(crate) fn message(record: &Record, received_at: Millis) -> Result<Message, Rejection> {
    if ![EVENT_TYPE, WRAPPED_TYPE].contains(&record.kind.as_str()) {
        return Err(Rejection::Type(record.kind.chars().take(64).collect()));
    }
    let bytes = record.id.len();
    if !(1..=Rejection::MAX_ID_BYTES).contains(&bytes) {
        return Err(Rejection::Id { bytes });
    }
    let bytes = record.source.len();
    if bytes > Rejection::MAX_SOURCE_BYTES {
        return Err(Rejection::Source { bytes });
    }
    let mut fields = Fields::parse(&record.data)?;
    let text: String = fields.take("message", "a text")?;
    let name: Option<String> = fields.take_optional("name", "a text")?;
    if record.kind == WRAPPED_TYPE {
        let Numbers { burst, sender, seq } = Numbers::of_single(&record.position);
        fields.set_default("burst", burst);
        fields.set_default("sender", sender);
        fields.set_default("seq", seq);
        fields.set_default("sent_at", record.read_at.unwrap_or(received_at).rfc3339().to_string());
    }
    Ok(Message {
        message: Text::parse(&text)?,
        burst: fields.take("burst", "a UUID")?,
        sender: fields.take::<NonZeroU32>("sender", "a number from 1")?.get(),
        seq: fields.take::<NonZeroU64>("seq", "a number from 1")?.get(),
        sent_at: fields.take("sent_at", "a time as in RFC 3339")?,
        name: name.map_or(Ok(None), |name| Name::parse_optional(&name))?,
    })
}

/// The fields of a JSON object. They are read one by one, because serde's own errors repeat the value and do
/// not always name the field.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    fn parse(data: &[u8]) -> Result<Self, Rejection> {
        if data.is_empty() {
            return Err(Rejection::Empty);
        }
        let object: JsonObject<Value> = serde_json::from_slice(data).map_err(|error| {
            if error.is_data() {
                Rejection::NotAnObject
            } else {
                Rejection::NotJson { line: error.line(), column: error.column() }
            }
        })?;
        match object.duplicate {
            Some(_) => Err(Rejection::DuplicateField),
            None => Ok(Self(object.members)),
        }
    }

    fn set_default(&mut self, field: &str, value: impl Serialize) {
        if let (false, Ok(value)) = (self.0.contains_key(field), serde_json::to_value(value)) {
            self.0.insert(field.to_owned(), value);
        }
    }

    fn take<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<T, Rejection> {
        self.take_optional(field, expected)?.ok_or(Rejection::MissingField(field))
    }

    /// `None` for a field that is missing. One that is null is there.
    fn take_optional<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, Rejection> {
        let read = |value| serde_json::from_value(value);
        let value = self.0.remove(field).map(read).transpose();
        value.map_err(|_| Rejection::Field { field, expected })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(record: &Record) -> Result<Message, Rejection> {
        message(record, Millis(0))
    }

    fn reason(change: impl FnOnce(&mut Record)) -> String {
        let mut record = Record::example();
        change(&mut record);
        read(&record).unwrap_err().to_string()
    }

    fn with(field: &str, value: Value) -> Record {
        let mut record = Record::example();
        let mut data: Value = serde_json::from_slice(&record.data).unwrap();
        data[field] = value;
        record.data = data.to_string().into();
        record
    }

    #[test]
    fn a_record_of_the_contract_has_its_message() {
        let message = read(&Record::example()).unwrap();
        assert_eq!(message.message.as_str(), "hi");
        assert_eq!((message.sender, message.seq), (3, 17));
        assert_eq!(message.sent_at.to_string(), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_wrapped_record_that_is_no_more_than_a_message_is_a_single_one() {
        let data = r#"{"message":"hi"}"#;
        let plain = Record { kind: WRAPPED_TYPE.into(), data: data.into(), ..Record::example() };
        let single = message(&plain, Millis(1000)).unwrap();
        assert_eq!((single.sender, single.seq), (1, 1));
        assert_eq!(single.sent_at.to_string(), "1970-01-01T00:00:01.000Z");
        let event = Record { data: data.into(), ..Record::example() };
        assert_eq!(read(&event).unwrap_err(), Rejection::MissingField("burst"));
    }

    #[test]
    fn an_unknown_field_is_ignored() {
        assert!(read(&with("colour", "red".into())).is_ok());
    }

    #[test]
    fn a_wrapped_record_is_judged_by_its_data() {
        let wrapped = Record { kind: WRAPPED_TYPE.into(), ..Record::example() };
        assert!(read(&wrapped).is_ok());
        let plain = reason(|record| {
            record.kind = WRAPPED_TYPE.into();
            record.data = r#"{"text":"hi"}"#.into();
        });
        assert_eq!(plain, "the data has no field message");
    }

    #[test]
    fn the_envelope_is_checked_first() {
        let unknown = reason(|record| record.kind = "x".repeat(999));
        assert_eq!(unknown, format!("the event's type {:?} is unknown", "x".repeat(64)));
        let long = reason(|record| record.id = "i".repeat(257));
        assert_eq!(long, "the event's id has 257 bytes, it must have 1 to 256");
        let none = reason(|record| record.id.clear());
        assert_eq!(none, "the event's id has 0 bytes, it must have 1 to 256");
        let source = reason(|record| record.source = "s".repeat(1025));
        assert_eq!(source, "the event's source has 1025 bytes, it must have at most 1024");
    }

    #[test]
    fn data_that_is_no_json_object_is_rejected() {
        let broken = reason(|record| record.data = r#"{"message":"#.into());
        assert_eq!(broken, "the data is not JSON (line 1, column 11)");
        let binary = reason(|record| record.data = vec![0xff, 0xfe].into());
        assert_eq!(binary, "the data is not JSON (line 1, column 1)");
        assert_eq!(reason(|record| record.data = "[]".into()), "the data is not a JSON object");
        assert_eq!(reason(|record| record.data = "".into()), "there is no data");
    }

    #[test]
    fn a_missing_or_wrong_field_is_named() {
        for name in ["message", "burst", "sender", "seq", "sent_at"] {
            let wrong = read(&with(name, Value::Bool(true))).unwrap_err();
            assert!(wrong.to_string().starts_with(&format!("the data's field {name} is not ")));
            let data: Value = serde_json::from_slice(&Record::example().data).unwrap();
            let without = reason(|record| {
                let mut fields = data.as_object().unwrap().clone();
                fields.remove(name);
                record.data = Value::Object(fields).to_string().into();
            });
            assert_eq!(without, format!("the data has no field {name}"));
        }
    }

    #[test]
    fn a_text_that_is_no_message_is_rejected_and_not_repeated() {
        let long = read(&with("message", "弹".repeat(101).into())).unwrap_err();
        assert_eq!(long.to_string(), "the message has 101 characters, at most 100 are allowed");
        let empty = read(&with("message", " \n".into())).unwrap_err();
        assert_eq!(empty.to_string(), "the message is empty");
        let invisible = read(&with("message", "\u{200b}\u{3164}".into())).unwrap_err();
        assert_eq!(invisible.to_string(), "the message has no visible character");
    }

    #[test]
    fn a_name_may_be_missing_or_empty_and_is_checked_like_a_message() {
        let name = |value: Value| {
            let message = read(&with("name", value));
            message.map(|message| message.name.map(String::from)).map_err(|it| it.to_string())
        };
        assert_eq!(read(&Record::example()).unwrap().name, None);
        assert_eq!(name(" ".into()), Ok(None));
        assert_eq!(name(" 小明 😀 ".into()), Ok(Some("小明 😀".into())));
        for (value, reason) in [
            (Value::Null, "the data's field name is not a text"),
            (7.into(), "the data's field name is not a text"),
            ("\u{200b}".into(), "the name has no visible character"),
            ("弹".repeat(21).into(), "the name has 21 characters, at most 20 are allowed"),
        ] {
            assert_eq!(name(value), Err(reason.to_owned()));
        }
    }

    #[test]
    fn senders_and_their_messages_are_counted_from_1() {
        for name in ["sender", "seq"] {
            for wrong in ["0", "-1", "1.0", "1e3", "18446744073709551616", "\"1\"", "null"] {
                let wrong = read(&with(name, wrong.parse().unwrap())).unwrap_err();
                assert_eq!(
                    wrong.to_string(),
                    format!("the data's field {name} is not a number from 1")
                );
            }
        }
    }

    #[test]
    fn a_duplicate_field_is_rejected() {
        let twice = reason(|record| {
            let data = String::from_utf8(record.data.to_vec()).unwrap();
            record.data = data.replacen('{', r#"{"message":"other","#, 1).into();
        });
        assert_eq!(twice, "the data has a field twice");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_have_a_reason(
            kind in "\\PC{0,4}|barrage.message.sent.v1",
            id in "\\PC{0,300}",
            data in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let record = Record { kind, id, data: data.into(), ..Record::example() };
            prop_assert!(read(&record).is_err());
        }

        #[test]
        fn a_damaged_message_is_a_message_or_has_a_reason(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>(),
        ) {
            let mut data = Record::example().data.to_vec();
            let at = at.index(data.len());
            data[at] = byte;
            data.truncate(end.index(data.len()) + 1);
            let record = Record { data: data.into(), ..Record::example() };
            if let Err(rejection) = read(&record) {
                prop_assert!(!rejection.to_string().is_empty());
            }
        }
    }
}

//! The JSON event format: one event with its attributes and its data as a JSON object.
//!
//! The data is handed on as it is written there. So what follows judges the bytes of the sender, also a field that is
//! there twice, as it does when an event is carried in binary mode.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::content_mode::essence;
use super::{Event, EventError, excerpt};
use crate::json_object::JsonObject;

/// Why a text is not an event in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the event is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("an event must be a JSON object")]
    NotAnObject,
    #[error("the event has {} twice", excerpt(.0))]
    Duplicate(String),
    #[error("attribute {} is not a string, a number or a boolean", excerpt(.0))]
    Value(String),
    #[error("the event's data is not a text")]
    NotText,
    #[error("an event cannot have both data and data_base64")]
    TwoData,
    #[error("data_base64 is not Base64")]
    Base64,
    #[error(transparent)]
    Event(#[from] EventError),
}

/// The event and its data. No data is no bytes. A member that is null counts as absent.
///
/// # Errors
/// When the text is not an event.
pub fn from_json(text: &[u8]) -> Result<(Event, Bytes), JsonError> {
    let object: JsonObject<Box<RawValue>> = serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            JsonError::NotAnObject
        } else {
            JsonError::NotJson { line: error.line(), column: error.column() }
        }
    })?;
    if let Some(name) = object.duplicate {
        return Err(JsonError::Duplicate(name));
    }
    let mut members = object.members;
    members.retain(|_, value| value.get() != "null");
    let data = [members.remove("data"), members.remove("data_base64")];
    let attributes = members.into_iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    let event = Event::from_attributes(attributes)?;
    let data = bytes(data, event.content_type.as_deref())?;
    Ok((event, data))
}

fn attribute((name, value): (String, Box<RawValue>)) -> Result<(String, String), JsonError> {
    let raw = value.get();
    let text = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok(),
        Some(b'{' | b'[') => None,
        _ => Some(raw.to_owned()),
    };
    match text {
        Some(text) => Ok((name, text)),
        None => Err(JsonError::Value(name)),
    }
}

/// The data as the bytes that a record in binary mode would have.
fn bytes(data: [Option<Box<RawValue>>; 2], content_type: Option<&str>) -> Result<Bytes, JsonError> {
    match data {
        [None, None] => Ok(Bytes::new()),
        [Some(value), None] if is_string(&value) && !content_type.is_none_or(is_json) => {
            string(&value).map(Bytes::from).ok_or(JsonError::NotText)
        }
        [Some(value), None] => Ok(Bytes::copy_from_slice(value.get().as_bytes())),
        [None, Some(value)] => {
            let decoded = string(&value).and_then(|text| BASE64_STANDARD.decode(text).ok());
            decoded.map(Bytes::from).ok_or(JsonError::Base64)
        }
        [Some(_), Some(_)] => Err(JsonError::TwoData),
    }
}

fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence.ends_with("/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn with(fields: Value) -> String {
        let mut value = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        value.to_string()
    }

    fn data_of(fields: Value) -> Result<Bytes, JsonError> {
        from_json(with(fields).as_bytes()).map(|(_, data)| data)
    }

    #[test]
    fn an_attribute_is_a_string_a_number_or_a_boolean() {
        let fields = json!({"datacontenttype": "application/json", "a": 3, "b": true, "c": null});
        let (event, data) = from_json(with(fields).as_bytes()).unwrap();
        assert_eq!(event.content_type.as_deref(), Some("application/json"));
        assert_eq!((event.attribute("a"), event.attribute("b")), (Some("3"), Some("true")));
        assert_eq!((event.attribute("c"), data.len()), (None, 0));
        assert_eq!(data_of(json!({"a": []})), Err(JsonError::Value("a".into())));
    }

    #[test]
    fn data_is_json_text_or_base64() {
        assert_eq!(data_of(json!({"data": {"a": 1}})).unwrap(), r#"{"a":1}"#);
        assert_eq!(data_of(json!({"data": "a"})).unwrap(), r#""a""#);
        let with_type = |kind: &str| data_of(json!({"data": "a", "datacontenttype": kind}));
        assert_eq!(with_type("text/plain").unwrap(), "a");
        assert_eq!(with_type("Application/Vnd.A+JSON; charset=utf-8").unwrap(), r#""a""#);
        assert_eq!(data_of(json!({"data_base64": "aGk="})).unwrap(), "hi");
        assert_eq!(data_of(json!({"data_base64": "!"})), Err(JsonError::Base64));
        assert_eq!(data_of(json!({"data_base64": 1})), Err(JsonError::Base64));
        assert_eq!(data_of(json!({"data": 1, "data_base64": ""})), Err(JsonError::TwoData));
    }

    #[test]
    fn a_member_that_is_null_counts_as_absent() {
        assert_eq!(data_of(json!({"data": null, "data_base64": "aGk="})).unwrap(), "hi");
        assert_eq!(data_of(json!({"data": 1, "data_base64": null})).unwrap(), "1");
        assert_eq!(data_of(json!({"data": null})).unwrap(), "");
        let missing = data_of(json!({"id": null})).unwrap_err();
        assert_eq!(missing.to_string(), "not a CloudEvent: attribute id is missing");
    }

    #[test]
    fn the_data_keeps_each_byte_and_each_field_that_is_there_twice() {
        let data = r#"{"a": 1,  "a":18446744073709551616}"#;
        let event = with(json!({})).replacen('{', &format!("{{\"data\" : {data} ,"), 1);
        assert_eq!(from_json(event.as_bytes()).unwrap().1, data);
    }

    #[test]
    fn what_is_no_event_says_why() {
        let error = |text: &str| from_json(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("{"), "the event is not JSON (line 1, column 1)");
        assert_eq!(error("[]"), "an event must be a JSON object");
        assert_eq!(error("{}"), "not a CloudEvent: attribute specversion is missing");
        assert_eq!(error(r#"{"id":"1","id":"2"}"#), r#"the event has "id" twice"#);
        let surrogate = r#"attribute "id" is not a string, a number or a boolean"#;
        assert_eq!(error(r#"{"id":"\ud800"}"#), surrogate);
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_event(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(from_json(&text).is_err());
        }

        #[test]
        fn a_damaged_event_is_an_event_or_an_error(
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let fields = json!({"subject": "partition:1#2", "data_base64": "aGk=", "a": 1.5});
            let mut text = with(fields).into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok((event, _)) = from_json(&text) {
                prop_assert!(!event.id.is_empty());
            }
        }
    }
}

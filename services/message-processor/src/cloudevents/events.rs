//! The events of a request, in the content modes of the HTTP protocol binding: binary, structured and batch.
//!
//! In binary mode the attributes are `ce-` headers and the body is the data. In structured mode the body is
//! one event in the JSON event format, and in batch mode an array of them.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use barrage::event::{Event, EventError, Header, excerpt};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::record::PositionError;

/// Why a request has no events that can be processed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("content type {}: JSON is the only supported event format", excerpt(.0))]
    Format(String),
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("a batch must be a JSON array")]
    NotAnArray,
    #[error("an event must be a JSON object")]
    NotAnObject,
    #[error("attribute {} is not a string, a number or a boolean", excerpt(.0))]
    Value(String),
    #[error("an event cannot have both data and data_base64")]
    TwoData,
    #[error("data_base64 is not Base64")]
    Base64,
    #[error("not a CloudEvent: attribute {0} is missing")]
    MissingAttribute(String),
    #[error("attribute {} is not UTF-8", excerpt(.0))]
    NotUtf8(String),
    #[error("CloudEvents version {} is unknown", excerpt(.0))]
    Version(String),
    #[error(
        "the event does not say which record of Kafka it is: it has neither knativekafkapartition and \
         knativekafkaoffset nor a subject partition:P#O nor an id partition:P/offset:O"
    )]
    NoPosition,
    #[error("knativekafkapartition and knativekafkaoffset must both be integers")]
    NotIntegers,
    #[error(transparent)]
    Position(#[from] PositionError),
}

impl From<EventError> for Malformed {
    fn from(error: EventError) -> Self {
        // The error names the `ce_` header of Kafka; over HTTP the attribute has no such prefix.
        let attribute = |header: &str| header.strip_prefix("ce_").unwrap_or(header).to_owned();
        match error {
            EventError::Missing(header) => Self::MissingAttribute(attribute(header)),
            EventError::NotUtf8(header) => Self::NotUtf8(attribute(&header)),
            EventError::Version(version) => Self::Version(version),
        }
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }
}

/// All events of a request, each with its data. A batch may be empty.
pub(super) fn of_request(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Vec<(Event, Bytes)>, Malformed> {
    match Mode::of(headers)? {
        Mode::Binary => Ok(vec![(binary(headers)?, body)]),
        Mode::Structured => Ok(vec![structured(&body)?]),
        Mode::Batch => batch(&body),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Binary,
    Structured,
    Batch,
}

impl Mode {
    /// The content type decides: only `application/cloudevents…` is not binary.
    fn of(headers: &HeaderMap) -> Result<Self, Malformed> {
        let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        let text = String::from_utf8_lossy(content_type.unwrap_or_default());
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/cloudevents" | "application/cloudevents+json" => Ok(Self::Structured),
            "application/cloudevents-batch" | "application/cloudevents-batch+json" => {
                Ok(Self::Batch)
            }
            other if other.starts_with("application/cloudevents") => {
                Err(Malformed::Format(essence))
            }
            _ => Ok(Self::Binary),
        }
    }
}

/// The event of a request in binary mode.
fn binary(headers: &HeaderMap) -> Result<Event, Malformed> {
    let headers: Vec<Header> = headers
        .iter()
        .filter_map(|(name, value)| match name.as_str() {
            // The only attribute that is an HTTP header of its own, and so is not encoded.
            "content-type" => Some(("content-type".into(), value.as_bytes().to_vec())),
            name => Some((format!("ce_{}", name.strip_prefix("ce-")?), decode(value.as_bytes()))),
        })
        .map(|(name, value)| (name, Some(Bytes::from(value))))
        .collect();
    Ok(Event::from_headers(&headers)?)
}

/// Decodes an attribute's header (section 3.1.3.2 of the binding): first the quotes, then the percent signs.
fn decode(value: &[u8]) -> Vec<u8> {
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    percent_decode(&quoted.map_or_else(|| value.to_vec(), unescape)).collect()
}

fn unescape(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = quoted.iter().copied();
    std::iter::from_fn(|| match bytes.next() {
        Some(b'\\') => bytes.next(),
        byte => byte,
    })
    .collect()
}

fn structured(body: &[u8]) -> Result<(Event, Bytes), Malformed> {
    from_json(serde_json::from_slice(body)?)
}

fn batch(body: &[u8]) -> Result<Vec<(Event, Bytes)>, Malformed> {
    let Value::Array(events) = serde_json::from_slice(body)? else {
        return Err(Malformed::NotAnArray);
    };
    events.into_iter().map(from_json).collect()
}

fn from_json(value: Value) -> Result<(Event, Bytes), Malformed> {
    let Value::Object(mut fields) = value else { return Err(Malformed::NotAnObject) };
    let data = data(&mut fields)?;
    let headers = fields.into_iter().filter(|(_, value)| !value.is_null()).map(header);
    let event = Event::from_headers(&headers.collect::<Result<Vec<_>, _>>()?)?;
    Ok((event, data))
}

/// Takes the data out of an event, as the bytes that a record in Kafka would have. No data is no bytes.
fn data(fields: &mut Map<String, Value>) -> Result<Bytes, Malformed> {
    let is_json = match fields.get("datacontenttype") {
        Some(Value::String(kind)) => kind.contains("json"),
        _ => true,
    };
    match (fields.remove("data"), fields.remove("data_base64")) {
        (None, None) => Ok(Bytes::new()),
        (Some(Value::String(text)), None) if !is_json => Ok(text.into()),
        (Some(value), None) => Ok(value.to_string().into()),
        (None, Some(Value::String(text))) => {
            BASE64_STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed::Base64)
        }
        (None, Some(_)) => Err(Malformed::Base64),
        (Some(_), Some(_)) => Err(Malformed::TwoData),
    }
}

fn header((name, value): (String, Value)) -> Result<Header, Malformed> {
    let text = match value {
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(Malformed::Value(name)),
    };
    let header =
        if name == "datacontenttype" { "content-type".to_owned() } else { format!("ce_{name}") };
    Ok((header, Some(text.into())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mode(content_type: &'static str) -> Result<Mode, Malformed> {
        let headers = [(CONTENT_TYPE, content_type.parse().unwrap())];
        Mode::of(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn the_content_type_decides_the_mode() {
        assert_eq!(Mode::of(&HeaderMap::new()), Ok(Mode::Binary));
        assert_eq!(mode("application/json"), Ok(Mode::Binary));
        assert_eq!(mode("application/cloudevents+json; charset=utf-8"), Ok(Mode::Structured));
        assert_eq!(mode("Application/CloudEvents+JSON"), Ok(Mode::Structured));
        assert_eq!(mode("application/cloudevents-batch+json"), Ok(Mode::Batch));
        let avro = "application/cloudevents+avro";
        assert_eq!(mode(avro), Err(Malformed::Format(avro.into())));
    }

    fn headers(more: &[(&'static str, &str)]) -> HeaderMap {
        let base =
            [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
        let all = base.iter().chain(more).map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
        all.collect()
    }

    #[test]
    fn an_attribute_is_a_header_in_any_case() {
        let event = binary(&headers(&[
            ("CE-KnativeKafkaOffset", "7"),
            ("content-type", "application/json"),
            ("user-agent", "k"),
        ]));
        let event = event.unwrap();
        assert_eq!(
            (event.id.as_str(), event.source.as_str(), event.kind.as_str()),
            ("1", "/s", "t")
        );
        assert_eq!(event.content_type.as_deref(), Some("application/json"));
        assert_eq!(event.extensions, [("knativekafkaoffset".into(), "7".into())].into());
    }

    #[test]
    fn an_attribute_is_unquoted_and_percent_decoded_once() {
        for (header, attribute) in [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("%2525", "%25"),
            ("100%", "100%"),
            (r#""a \"b\" \\ c""#, r#"a "b" \ c"#),
            ("\"", "\""),
        ] {
            let event = binary(&headers(&[("ce-subject", header)])).unwrap();
            assert_eq!(event.attribute("subject"), Some(attribute), "{header}");
        }
    }

    #[test]
    fn an_attribute_that_is_missing_or_not_text_is_named() {
        let mut bare = headers(&[]);
        bare.remove("ce-id");
        assert_eq!(binary(&bare), Err(Malformed::MissingAttribute("id".into())));
        let not_text = headers(&[("ce-subject", "%ff")]);
        assert_eq!(binary(&not_text), Err(Malformed::NotUtf8("subject".into())));
    }

    fn with(fields: Value) -> Value {
        let mut value = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        value
    }

    fn data_of(fields: Value) -> Result<Bytes, Malformed> {
        structured(with(fields).to_string().as_bytes()).map(|(_, data)| data)
    }

    #[test]
    fn an_attribute_is_a_string_a_number_or_a_boolean() {
        let fields = json!({"datacontenttype": "application/json", "a": 3, "b": true, "c": null});
        let (event, data) = structured(with(fields).to_string().as_bytes()).unwrap();
        assert_eq!(event.content_type.as_deref(), Some("application/json"));
        assert_eq!((event.attribute("a"), event.attribute("b")), (Some("3"), Some("true")));
        assert_eq!((event.attribute("c"), data.len()), (None, 0));
        assert_eq!(data_of(json!({"a": []})), Err(Malformed::Value("a".into())));
    }

    #[test]
    fn data_is_json_text_or_base64() {
        assert_eq!(data_of(json!({"data": {"a": 1}})).unwrap(), r#"{"a":1}"#);
        assert_eq!(data_of(json!({"data": "a"})).unwrap(), r#""a""#);
        let text = json!({"data": "a", "datacontenttype": "text/plain"});
        assert_eq!(data_of(text).unwrap(), "a");
        assert_eq!(data_of(json!({"data_base64": "aGk="})).unwrap(), "hi");
        assert_eq!(data_of(json!({"data_base64": "!"})), Err(Malformed::Base64));
        assert_eq!(data_of(json!({"data": 1, "data_base64": ""})), Err(Malformed::TwoData));
    }

    #[test]
    fn a_batch_is_an_array_of_events() {
        assert_eq!(batch(b"[]"), Ok(vec![]));
        let two = json!([with(json!({"id": "a"})), with(json!({"id": "b"}))]);
        let ids = batch(two.to_string().as_bytes()).unwrap();
        assert_eq!(ids.iter().map(|(event, _)| event.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(batch(b"{}"), Err(Malformed::NotAnArray));
        assert_eq!(batch(b"[1]"), Err(Malformed::NotAnObject));
        assert_eq!(batch(b"["), Err(Malformed::NotJson { line: 1, column: 1 }));
        assert_eq!(structured(b"{}"), Err(Malformed::MissingAttribute("specversion".into())));
    }

    proptest! {
        #[test]
        fn any_body_is_events_or_malformed(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(structured(&body).is_err());
            prop_assert!(batch(&body).map_or(true, |events| events.is_empty()));
        }

        #[test]
        fn a_damaged_event_is_an_event_or_malformed(
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let fields = json!({"subject": "partition:1#2", "data_base64": "aGk=", "a": 1.5});
            let mut body = with(fields).to_string().into_bytes();
            let at = at.index(body.len());
            body[at] = byte;
            if let Ok((event, _)) = structured(&body) {
                prop_assert!(!event.id.is_empty());
            }
        }
    }
}

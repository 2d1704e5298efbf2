//! The events of a request, in the content modes of the HTTP protocol binding: binary, structured and batch.
//!
//! In binary mode the attributes are `ce-` headers and the body is the data. In structured mode the body is
//! one event in the JSON event format, and in batch mode an array of them.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use barrage::event::{
    ContentMode, Event, EventError, JsonError, UnknownFormat, excerpt, from_json,
};
use percent_encoding::percent_decode;
use serde_json::value::RawValue;

use crate::record::PositionError;

/// Why a request has no events that can be processed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error(transparent)]
    Format(#[from] UnknownFormat),
    #[error(transparent)]
    Structured(#[from] JsonError),
    #[error("the batch is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("a batch must be a JSON array")]
    NotAnArray,
    /// Events are counted from 1.
    #[error("event {nth} of the batch: {error}")]
    InBatch { nth: usize, error: JsonError },
    #[error(transparent)]
    Binary(#[from] EventError),
    #[error("attribute {} is not UTF-8", excerpt(.0))]
    NotUtf8(String),
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

/// All events of a request, each with its data. A batch may be empty.
pub(super) fn of_request(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Vec<(Event, Bytes)>, Malformed> {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    match ContentMode::of(&String::from_utf8_lossy(content_type.unwrap_or_default()))? {
        ContentMode::Binary => Ok(vec![(binary(headers)?, body)]),
        ContentMode::Structured => Ok(vec![from_json(&body)?]),
        ContentMode::Batch => batch(&body),
    }
}

/// The event of a request in binary mode.
fn binary(headers: &HeaderMap) -> Result<Event, Malformed> {
    let attributes = headers.iter().filter_map(|(name, value)| {
        let (attribute, text) = match name.as_str() {
            // The only attribute that is an HTTP header of its own, and so is not encoded.
            "content-type" => ("datacontenttype", value.as_bytes().to_vec()),
            name => (name.strip_prefix("ce-")?, decode(value.as_bytes())),
        };
        let text = String::from_utf8(text).map_err(|_| Malformed::NotUtf8(attribute.to_owned()));
        Some(text.map(|text| (attribute.to_owned(), text)))
    });
    Ok(Event::from_attributes(attributes.collect::<Result<Vec<_>, _>>()?)?)
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

fn batch(body: &[u8]) -> Result<Vec<(Event, Bytes)>, Malformed> {
    let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Malformed::NotAnArray
        } else {
            Malformed::NotJson { line: error.line(), column: error.column() }
        }
    })?;
    let event = |(nth, event): (usize, &RawValue)| {
        from_json(event.get().as_bytes()).map_err(|error| Malformed::InBatch { nth, error })
    };
    (1..).zip(events).map(event).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

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
        assert_eq!(binary(&bare), Err(Malformed::Binary(EventError::Missing("id"))));
        let not_text = headers(&[("ce-subject", "%ff")]);
        assert_eq!(binary(&not_text), Err(Malformed::NotUtf8("subject".into())));
    }

    fn with(fields: Value) -> Value {
        let mut value = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        value
    }

    #[test]
    fn a_batch_is_an_array_of_events() {
        assert_eq!(batch(b"[]"), Ok(vec![]));
        let two = json!([with(json!({"id": "a"})), with(json!({"id": "b"}))]);
        let ids = batch(two.to_string().as_bytes()).unwrap();
        assert_eq!(ids.iter().map(|(event, _)| event.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(batch(b"{}"), Err(Malformed::NotAnArray));
        assert_eq!(
            batch(b"[1]"),
            Err(Malformed::InBatch { nth: 1, error: JsonError::NotAnObject })
        );
        assert_eq!(batch(b"["), Err(Malformed::NotJson { line: 1, column: 1 }));
        let second = json!([with(json!({})), {"id": "1"}]).to_string();
        let second = batch(second.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            second,
            "event 2 of the batch: not a CloudEvent: attribute specversion is missing"
        );
    }

    proptest! {
        #[test]
        fn any_body_is_a_batch_or_malformed(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(batch(&body).map_or(true, |events| events.is_empty()));
        }
    }
}

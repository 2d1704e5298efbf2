//! Which event a record of Kafka is: the protocol binding of Kafka in binary and structured mode, and for any other
//! record the event that Knative's KafkaSource makes of it. The binding is at
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>.
//!
//! | record | event |
//! | --- | --- |
//! | `content-type` is `application/cloudevents+json` | the value, which has the attributes and the data |
//! | `content-type` is another one of CloudEvents | none: a batch, or not JSON |
//! | a header `ce_specversion`, `ce_id`, `ce_source` or `ce_type` | the headers; the value is the data |
//! | any other, also a tombstone | one of type [`WRAPPED_TYPE`], with the record's position as id; the value is the data |

use bytes::Bytes;

use super::content_mode::{ContentMode, UnknownFormat};
use super::json_format::{JsonError, from_json};
use super::{Event, EventError, Header, WRAPPED_TYPE, excerpt};
use crate::position::Position;

/// What must be known of a record to say which event it is.
#[derive(Clone, Copy, Debug)]
pub struct RecordParts<'a> {
    pub position: &'a Position,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header],
}

/// The event that a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordEvent {
    pub event: Event,
    pub form: Form,
}

/// How a record is an event, and so where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The record's value is the data.
    Binary,
    /// The record's value is the event. Its data is this.
    Structured { data: Bytes },
    /// The record is no CloudEvent. Its value is the data.
    Wrapped,
}

/// Why a record is not the event that its headers announce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The attribute whose header is missing or empty.
    #[error("not a CloudEvent: header ce_{0} is missing")]
    MissingHeader(&'static str),
    #[error("not a CloudEvent: header {} is not UTF-8", excerpt(.0))]
    NotUtf8(String),
    #[error("CloudEvents version {} is unknown", excerpt(.0))]
    Version(String),
    #[error(
        "header content-type announces a batch of events, which the kafka binding of CloudEvents does not have"
    )]
    Batch,
    #[error("not a CloudEvent that can be read: {0}")]
    Format(#[from] UnknownFormat),
    #[error("the value is not the event that header content-type announces: {0}")]
    Structured(#[from] JsonError),
}

impl RecordParts<'_> {
    const REQUIRED: [&'static str; 4] = ["ce_specversion", "ce_id", "ce_source", "ce_type"];

    /// The event that the record is.
    ///
    /// # Errors
    /// When the headers announce an event that cannot be read. A KafkaSource wraps such a record, too; here its dead
    /// letter says what is wrong with it.
    pub fn event(&self) -> Result<RecordEvent, RecordError> {
        let content_type = self.headers.iter().rev().find(|(name, _)| is_content_type(name));
        let content_type = content_type.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
        match ContentMode::of(&String::from_utf8_lossy(content_type))? {
            ContentMode::Batch => Err(RecordError::Batch),
            ContentMode::Structured => {
                let (event, data) = from_json(self.value.unwrap_or_default())?;
                Ok(RecordEvent { event, form: Form::Structured { data } })
            }
            ContentMode::Binary if self.has_envelope() => {
                Ok(RecordEvent { event: self.binary()?, form: Form::Binary })
            }
            ContentMode::Binary => Ok(RecordEvent { event: self.wrap(), form: Form::Wrapped }),
        }
    }

    /// Whether a header says that the record is an event, even if other such headers are missing.
    fn has_envelope(&self) -> bool {
        self.headers.iter().any(|(name, _)| Self::REQUIRED.contains(&&**name))
    }

    fn binary(&self) -> Result<Event, RecordError> {
        let attributes = self.headers.iter().filter_map(|(name, value)| {
            let attribute = match name.strip_prefix("ce_") {
                None if is_content_type(name) => "datacontenttype",
                attribute => attribute?,
            };
            let text = std::str::from_utf8(value.as_deref().unwrap_or_default());
            let text = text.map_err(|_| RecordError::NotUtf8(name.to_string()));
            Some(text.map(|text| (attribute, text.to_owned())))
        });
        let attributes = attributes.collect::<Result<Vec<_>, _>>()?;
        Event::from_attributes(attributes).map_err(|error| match error {
            EventError::Missing(attribute) => RecordError::MissingHeader(attribute),
            EventError::Version(version) => RecordError::Version(version),
        })
    }

    /// As a KafkaSource does it. Its source names the namespace and the name of the KafkaSource; a router has neither.
    fn wrap(&self) -> Event {
        let Position { topic, partition, offset } = self.position;
        let mut event = Event {
            id: wrapped_id(self.position),
            source: format!("/event-router#{topic}"),
            kind: WRAPPED_TYPE.to_owned(),
            ..Event::default()
        };
        event.extensions.insert("subject".into(), format!("partition:{partition}#{offset}"));
        if let Some(key) = self.key.and_then(|key| std::str::from_utf8(key).ok()) {
            for name in ["key", "partitionkey"] {
                event.extensions.insert(name.into(), key.to_owned());
            }
        }
        for (name, value) in self.headers {
            let text = std::str::from_utf8(value.as_deref().unwrap_or_default());
            let Ok(text) = text.map(str::to_owned) else { continue };
            if is_content_type(name) {
                event.content_type = Some(text.to_ascii_lowercase());
            } else {
                event.extensions.insert(extension(name), text);
            }
        }
        event
    }
}

impl Form {
    /// The data of an event of this form. `value` is the record's.
    pub fn data(self, value: Option<&Bytes>) -> Bytes {
        match self {
            Self::Structured { data } => data,
            Self::Binary | Self::Wrapped => value.cloned().unwrap_or_default(),
        }
    }
}

/// In any case: the binding's is small letters, but producers write it as in HTTP, too. Attributes have one case only.
fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

/// The extension for a header of a wrapped record. Its name may have only small letters and digits.
fn extension(header: &str) -> String {
    let plain = header.chars().filter(char::is_ascii_alphanumeric);
    ["kafkaheader".chars().collect(), plain.collect::<String>().to_ascii_lowercase()].concat()
}

/// The id of a record that is no event by itself, as a KafkaSource gives it.
pub(super) fn wrapped_id(position: &Position) -> String {
    format!("partition:{}/offset:{}", position.partition, position.offset)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::position::Offset;

    const ENVELOPE: [(&str, &str); 4] =
        [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "t")];

    fn read(headers: &[Header], value: Option<&[u8]>) -> Result<RecordEvent, RecordError> {
        let position = Position {
            topic: "barrage-info".parse().unwrap(),
            partition: 3,
            offset: Offset::new(70_000).unwrap(),
        };
        RecordParts { position: &position, key: Some(b"k/1"), value, headers }.event()
    }

    fn headers(texts: &[(&str, &str)]) -> Vec<Header> {
        let header = |(name, text): &(&str, &str)| {
            ((*name).into(), Some(Bytes::copy_from_slice(text.as_bytes())))
        };
        texts.iter().map(header).collect()
    }

    /// With these headers after those of an event.
    fn enveloped(more: &[(&str, &str)]) -> Result<RecordEvent, RecordError> {
        read(&headers(&[&ENVELOPE, more].concat()), Some(b"{}"))
    }

    fn reason(texts: &[(&str, &str)], value: &str) -> String {
        read(&headers(texts), Some(value.as_bytes())).unwrap_err().to_string()
    }

    #[test]
    fn an_event_survives_its_headers() {
        let event = Event {
            id: "1".into(),
            source: "/homepage/a".into(),
            kind: "barrage.message.sent.v1".into(),
            time: Some("2026-01-01T00:00:00Z".into()),
            content_type: Some("application/json".into()),
            extensions: BTreeMap::from([("partitionkey".into(), "b/3".into())]),
        };
        let read = read(&event.to_headers(), None).unwrap();
        assert_eq!(read, RecordEvent { event, form: Form::Binary });
    }

    #[test]
    fn a_record_with_some_headers_of_an_event_is_not_wrapped() {
        for nth in 0..ENVELOPE.len() {
            let mut rest = ENVELOPE.to_vec();
            let (missing, _) = rest.remove(nth);
            let expected = format!("not a CloudEvent: header {missing} is missing");
            assert_eq!(reason(&rest, "{}"), expected);
        }
        let null: Vec<Header> = vec![("ce_id".into(), None)];
        assert_eq!(read(&null, None), Err(RecordError::MissingHeader("specversion")));
    }

    #[test]
    fn an_attribute_that_is_not_text_is_an_error_and_any_other_header_is_not() {
        let mut all = headers(&ENVELOPE);
        all.push(("binary".into(), Some(Bytes::from_static(b"\xff"))));
        assert!(read(&all, None).is_ok());
        all.push(("ce_extra".into(), Some(Bytes::from_static(b"\xff"))));
        assert_eq!(read(&all, None), Err(RecordError::NotUtf8("ce_extra".into())));
    }

    #[test]
    fn another_version_is_an_error() {
        let version = enveloped(&[("ce_specversion", "0.3")]);
        assert_eq!(version, Err(RecordError::Version("0.3".into())));
    }

    #[test]
    fn the_content_type_may_be_written_in_any_case_and_attributes_may_not() {
        let event = enveloped(&[("Content-Type", "text/plain")]).unwrap().event;
        assert_eq!(event.content_type.as_deref(), Some("text/plain"));
        let upper = ENVELOPE.map(|(name, text)| (name.to_ascii_uppercase(), text));
        let upper: Vec<_> = upper.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let read = read(&headers(&upper), Some(b"{}")).unwrap();
        assert_eq!(
            (read.form, read.event.attribute("kafkaheaderceid")),
            (Form::Wrapped, Some("1"))
        );
    }

    #[test]
    fn an_extension_may_have_any_name() {
        let event =
            enveloped(&[("ce_x-Odd.Näme", "1"), ("ce_", "2"), ("ce_data", "3")]).unwrap().event;
        assert_eq!(
            ["x-Odd.Näme", "", "data"].map(|name| event.attribute(name).unwrap()),
            ["1", "2", "3"]
        );
    }

    #[test]
    fn in_structured_mode_the_value_is_the_event() {
        let value = r#"{"specversion":"1.0","id":"s-1","source":"/ks","type":"t","data":{"a":1}}"#;
        for content_type in
            ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8"]
        {
            // The attributes of the value count, whatever the headers say.
            let all = headers(&[&ENVELOPE[..], &[("content-type", content_type)]].concat());
            let read = read(&all, Some(value.as_bytes())).unwrap();
            assert_eq!((read.event.id.as_str(), read.event.source.as_str()), ("s-1", "/ks"));
            assert_eq!(read.form.data(Some(&Bytes::from_static(b"x"))), r#"{"a":1}"#);
        }
        let broken = reason(&[("content-type", "application/cloudevents+json")], "{");
        assert_eq!(
            broken,
            "the value is not the event that header content-type announces: \
             the event is not JSON (line 1, column 1)"
        );
    }

    #[test]
    fn a_batch_and_another_format_are_refused_with_the_true_reason() {
        assert_eq!(
            reason(&[("content-type", "application/cloudevents-batch+json")], "[]"),
            "header content-type announces a batch of events, which the kafka binding of CloudEvents does not have"
        );
        assert_eq!(
            reason(&[("content-type", "application/cloudevents+avro")], ""),
            "not a CloudEvent that can be read: content type \"application/cloudevents+avro\": \
             JSON is the only supported event format"
        );
    }

    #[test]
    fn any_other_record_is_the_event_that_a_kafka_source_makes_of_it() {
        let plain = headers(&[("Content-Type", "Application/JSON"), ("X-My-Header", "a")]);
        let RecordEvent { event, form } = read(&plain, Some(b"{}")).unwrap();
        assert_eq!(form, Form::Wrapped);
        for (name, text) in [
            ("id", "partition:3/offset:70000"),
            ("source", "/event-router#barrage-info"),
            ("type", "dev.knative.kafka.event"),
            ("subject", "partition:3#70000"),
            ("datacontenttype", "application/json"),
            ("key", "k/1"),
            ("kafkaheaderxmyheader", "a"),
        ] {
            assert_eq!(event.attribute(name), Some(text), "{name}");
        }
        let tombstone = read(&[], None).unwrap();
        assert_eq!((tombstone.form.data(None).len(), tombstone.event.content_type), (0, None));
    }

    proptest! {
        #[test]
        fn any_record_is_an_event_or_has_a_reason(
            headers in proptest::collection::vec(
                (
                    "(ce_)?(id|type|source|specversion|[a-z]{0,3})|[Cc]ontent-type",
                    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..4)),
                ),
                0..9,
            ),
            value in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..4)),
        ) {
            let header = |(name, value): (String, Option<Vec<u8>>)| (name.into(), value.map(Bytes::from));
            let headers: Vec<Header> = headers.into_iter().map(header).collect();
            match read(&headers, value.as_deref()) {
                Ok(read) => prop_assert!(!read.event.id.is_empty()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}

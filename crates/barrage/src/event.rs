//! CloudEvents 1.0: the attributes of an event, and where records and requests have them.
//!
//! [`RecordParts::event`] decides which event a record of Kafka is, and [`Identity`] whether a row is of it.
//! The specification is at <https://github.com/cloudevents/spec/tree/v1.0.2/cloudevents>.

mod content_mode;
mod identity;
mod json_format;
mod record;

use std::collections::BTreeMap;

use bytes::Bytes;
use bytestring::ByteString;

pub use content_mode::{ContentMode, UnknownFormat};
pub use identity::{Identity, Numbers};
pub use json_format::{JsonError, from_json};
pub use record::{Form, RecordError, RecordEvent, RecordParts};

/// The type of an event that wraps a record which is no CloudEvent. Its value alone says what it is.
pub const WRAPPED_TYPE: &str = "dev.knative.kafka.event";

/// A header of a record: its name, and its value unless that is null. A copy of it copies no bytes.
pub type Header = (ByteString, Option<Bytes>);

/// The context attributes of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Unique only together with `source`.
    pub id: String,
    pub source: String,
    /// The attribute `type`, which is a keyword in Rust.
    pub kind: String,
    /// A time by RFC 3339.
    pub time: Option<String>,
    /// The attribute `datacontenttype`, which is the header `content-type`.
    pub content_type: Option<String>,
    /// All other attributes by their names.
    pub extensions: BTreeMap<String, String>,
}

/// Why attributes are not those of a CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A required attribute is missing or empty.
    #[error("not a CloudEvent: attribute {0} is missing")]
    Missing(&'static str),
    #[error("CloudEvents version {} is unknown", excerpt(.0))]
    Version(String),
}

impl Event {
    /// An event of these attributes, by their CloudEvents names. When a name is there twice, the last one counts.
    ///
    /// # Errors
    /// When a required attribute is missing or empty, or the version is not 1.0.
    pub fn from_attributes<Name: AsRef<str> + Into<String>>(
        attributes: impl IntoIterator<Item = (Name, String)>,
    ) -> Result<Self, EventError> {
        let mut event = Self::default();
        let mut version = String::new();
        for (name, text) in attributes {
            match name.as_ref() {
                "specversion" => version = text,
                "id" => event.id = text,
                "source" => event.source = text,
                "type" => event.kind = text,
                "time" => event.time = Some(text),
                "datacontenttype" => event.content_type = Some(text),
                _ => drop(event.extensions.insert(name.into(), text)),
            }
        }
        event.check(version)
    }

    fn check(self, version: String) -> Result<Self, EventError> {
        let required = [
            ("specversion", &version),
            ("id", &self.id),
            ("source", &self.source),
            ("type", &self.kind),
        ];
        if let Some((name, _)) = required.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(EventError::Missing(name));
        }
        if version == "1.0" { Ok(self) } else { Err(EventError::Version(version)) }
    }

    /// The headers of a record that carries this event.
    pub fn to_headers(&self) -> Vec<Header> {
        let named = [
            ("ce_specversion", Some("1.0")),
            ("ce_id", Some(self.id.as_str())),
            ("ce_source", Some(&self.source)),
            ("ce_type", Some(&self.kind)),
            ("ce_time", self.time.as_deref()),
            ("content-type", self.content_type.as_deref()),
        ];
        let named = named.into_iter().filter_map(|(name, text)| Some((name.into(), text?)));
        let extensions = self.extensions.iter();
        let extensions = extensions.map(|(k, v)| (format!("ce_{k}").into(), v.as_str()));
        let header = |(name, text): (ByteString, &str)| {
            (name, Some(Bytes::copy_from_slice(text.as_bytes())))
        };
        named.chain(extensions).map(header).collect()
    }

    /// An attribute by its CloudEvents name, for filters.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "specversion" => Some("1.0"),
            "id" => Some(&self.id),
            "source" => Some(&self.source),
            "type" => Some(&self.kind),
            "time" => self.time.as_deref(),
            "datacontenttype" => self.content_type.as_deref(),
            other => self.extensions.get(other).map(String::as_str),
        }
    }
}

/// A text from outside, for logs and error messages: quoted, on one line, cut to 64 characters.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The value of the last header of this name, if it is UTF-8.
pub fn header_text<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().rev().find(|(header, _)| header == name)?;
    std::str::from_utf8(value.as_ref()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes() -> Vec<(String, String)> {
        let all =
            [("specversion", "1.0"), ("id", "1"), ("source", "/s"), ("type", "t"), ("extra", "e")];
        all.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
    }

    #[test]
    fn each_required_attribute_is_missed_by_name() {
        assert_eq!(Event::from_attributes(attributes()).unwrap().attribute("extra"), Some("e"));
        for missing in ["specversion", "id", "source", "type"] {
            let without = attributes().into_iter().filter(|(name, _)| name != missing);
            assert_eq!(Event::from_attributes(without), Err(EventError::Missing(missing)));
            let empty = [(missing.to_owned(), String::new())];
            let emptied = attributes().into_iter().chain(empty);
            assert_eq!(Event::from_attributes(emptied), Err(EventError::Missing(missing)));
        }
    }

    #[test]
    fn another_version_is_an_error() {
        let old = attributes().into_iter().chain([("specversion".into(), "0.3".into())]);
        assert_eq!(Event::from_attributes(old), Err(EventError::Version("0.3".into())));
    }

    #[test]
    fn a_foreign_text_is_quoted_and_cut() {
        assert_eq!(excerpt("a\nb"), r#""a\nb""#);
        assert_eq!(excerpt(&"弹".repeat(99)).chars().count(), 67);
    }
}

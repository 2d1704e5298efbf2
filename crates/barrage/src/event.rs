//! The CloudEvents envelope of a record: Kafka protocol binding 1.0, binary mode. The specification is at
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use std::collections::BTreeMap;

use bytes::Bytes;

/// A header of a record: its name, and its value unless that is null.
pub type Header = (String, Option<Bytes>);

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

/// Why the headers of a record are not a CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A required header is missing or empty.
    #[error("not a CloudEvent: header {0} is missing")]
    Missing(&'static str),
    #[error("not a CloudEvent: header {} is not UTF-8", excerpt(.0))]
    NotUtf8(String),
    #[error("CloudEvents version {} is unknown", excerpt(.0))]
    Version(String),
}

impl Event {
    /// Reads the envelope of a record.
    ///
    /// # Errors
    /// When a required attribute is missing, or an attribute is not UTF-8. Other headers may be anything.
    pub fn from_headers(headers: &[Header]) -> Result<Self, EventError> {
        let mut event = Self::default();
        let mut version = String::new();
        for (name, value) in headers {
            let attribute = name.strip_prefix("ce_");
            if attribute.is_none() && name != "content-type" {
                continue;
            }
            let text = utf8(name, value.as_deref())?;
            match attribute {
                None => event.content_type = Some(text),
                Some("specversion") => version = text,
                Some(attribute) => event.set(attribute, text),
            }
        }
        event.check(&version)
    }

    fn set(&mut self, attribute: &str, text: String) {
        match attribute {
            "id" => self.id = text,
            "source" => self.source = text,
            "type" => self.kind = text,
            "time" => self.time = Some(text),
            other => drop(self.extensions.insert(other.to_owned(), text)),
        }
    }

    fn check(self, version: &str) -> Result<Self, EventError> {
        let required = [
            ("ce_specversion", version),
            ("ce_id", &self.id),
            ("ce_source", &self.source),
            ("ce_type", &self.kind),
        ];
        if let Some((header, _)) = required.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(EventError::Missing(header));
        }
        if version != "1.0" {
            return Err(EventError::Version(version.to_owned()));
        }
        Ok(self)
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
        let named = named.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
        let extensions = self.extensions.iter().map(|(k, v)| (format!("ce_{k}"), v.as_str()));
        let header =
            |(name, text): (String, &str)| (name, Some(Bytes::copy_from_slice(text.as_bytes())));
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

fn utf8(name: &str, value: Option<&[u8]>) -> Result<String, EventError> {
    let text = std::str::from_utf8(value.unwrap_or_default());
    text.map(str::to_owned).map_err(|_| EventError::NotUtf8(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> Event {
        Event {
            id: "1".into(),
            source: "/homepage/a".into(),
            kind: "barrage.message.sent.v1".into(),
            time: Some("2026-01-01T00:00:00Z".into()),
            content_type: Some("application/json".into()),
            extensions: BTreeMap::from([("partitionkey".into(), "b/3".into())]),
        }
    }

    #[test]
    fn an_event_survives_its_headers() {
        assert_eq!(Event::from_headers(&event().to_headers()), Ok(event()));
    }

    #[test]
    fn each_required_header_is_missed_by_name() {
        for missing in ["ce_specversion", "ce_id", "ce_source", "ce_type"] {
            let headers: Vec<_> =
                event().to_headers().into_iter().filter(|(name, _)| name != missing).collect();
            assert_eq!(Event::from_headers(&headers), Err(EventError::Missing(missing)));
        }
    }

    #[test]
    fn an_attribute_that_is_not_text_is_an_error_and_any_other_header_is_not() {
        let mut headers = event().to_headers();
        headers.push(("binary".into(), Some(Bytes::from_static(b"\xff"))));
        assert!(Event::from_headers(&headers).is_ok());
        headers.push(("ce_extra".into(), Some(Bytes::from_static(b"\xff"))));
        assert_eq!(Event::from_headers(&headers), Err(EventError::NotUtf8("ce_extra".into())));
    }

    #[test]
    fn a_foreign_text_is_quoted_and_cut() {
        assert_eq!(excerpt("a\nb"), r#""a\nb""#);
        assert_eq!(excerpt(&"弹".repeat(99)).chars().count(), 67);
    }

    #[test]
    fn another_version_is_an_error() {
        let mut headers = event().to_headers();
        headers.push(("ce_specversion".into(), Some(Bytes::from_static(b"0.3"))));
        assert_eq!(Event::from_headers(&headers), Err(EventError::Version("0.3".into())));
    }

    proptest! {
        #[test]
        fn any_headers_are_an_event_or_an_error(
            headers in proptest::collection::vec(
                (
                    "(ce_)?(id|type|source|specversion|[a-z]{0,3})|content-type",
                    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..4)),
                ),
                0..9,
            )
        ) {
            let header = |(name, value): (String, Option<Vec<u8>>)| (name, value.map(Bytes::from));
            let headers: Vec<Header> = headers.into_iter().map(header).collect();
            if let Err(error) = Event::from_headers(&headers) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

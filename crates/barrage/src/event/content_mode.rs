//! How a request or a record carries its event, as its content type says.

use super::excerpt;

/// The content modes of the bindings of HTTP and of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentMode {
    /// The attributes are headers, and the body is the data.
    Binary,
    /// The body is one event, with its attributes and its data.
    Structured,
    /// The body is a list of such events. Kafka has no batch mode.
    Batch,
}

/// The content type is one of CloudEvents, but not of its JSON format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content type {}: JSON is the only supported event format", excerpt(.0))]
pub struct UnknownFormat(pub String);

impl ContentMode {
    /// Only `application/cloudevents…` is not binary. Case and parameters do not matter.
    ///
    /// # Errors
    /// When the event is in another format than JSON.
    pub fn of(content_type: &str) -> Result<Self, UnknownFormat> {
        let essence = essence(content_type);
        match essence.as_str() {
            "application/cloudevents" | "application/cloudevents+json" => Ok(Self::Structured),
            "application/cloudevents-batch" | "application/cloudevents-batch+json" => {
                Ok(Self::Batch)
            }
            other if other.starts_with("application/cloudevents") => Err(UnknownFormat(essence)),
            _ => Ok(Self::Binary),
        }
    }
}

/// A media type without parameters, in small letters.
pub(super) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_decides_the_mode() {
        for (content_type, mode) in [
            ("", ContentMode::Binary),
            ("application/json", ContentMode::Binary),
            ("application/cloudevents+json; charset=utf-8", ContentMode::Structured),
            ("Application/CloudEvents+JSON", ContentMode::Structured),
            ("application/cloudevents", ContentMode::Structured),
            ("application/cloudevents-batch+json", ContentMode::Batch),
        ] {
            assert_eq!(ContentMode::of(content_type), Ok(mode), "{content_type}");
        }
        for format in ["application/cloudevents+avro", "application/cloudevents-batch+protobuf"] {
            assert_eq!(ContentMode::of(format), Err(UnknownFormat(format.into())));
        }
    }
}

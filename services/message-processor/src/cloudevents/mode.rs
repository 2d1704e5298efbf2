//! How a request carries its events.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::malformed::Malformed;

/// A content mode of the HTTP protocol binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Attributes in headers, data in the body.
    Binary,
    /// One event as JSON.
    Structured,
    /// A JSON array of events.
    Batch,
}

impl Mode {
    /// The mode, which the content type tells.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Malformed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(content_type: &'static str) -> Result<Mode, Malformed> {
        let headers = [(CONTENT_TYPE, content_type.parse().unwrap())];
        Mode::of(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn the_content_type_tells_the_mode() {
        assert_eq!(Mode::of(&HeaderMap::new()), Ok(Mode::Binary));
        assert_eq!(mode("application/json"), Ok(Mode::Binary));
        assert_eq!(mode("application/cloudevents+json; charset=utf-8"), Ok(Mode::Structured));
        assert_eq!(mode("Application/CloudEvents+JSON"), Ok(Mode::Structured));
        assert_eq!(mode("application/cloudevents-batch+json"), Ok(Mode::Batch));
        let avro = "application/cloudevents+avro";
        assert_eq!(mode(avro), Err(Malformed::Format(avro.into())));
    }
}

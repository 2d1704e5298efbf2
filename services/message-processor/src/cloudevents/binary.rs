//! Binary mode: the attributes are `ce-` headers, and the body is the data.

use axum::body::Bytes;
use axum::http::HeaderMap;
use barrage::event::{Event, Header};
use percent_encoding::percent_decode;

use super::malformed::Malformed;

/// The event's attributes.
pub(super) fn event(headers: &HeaderMap) -> Result<Event, Malformed> {
    let headers: Vec<Header> = headers
        .iter()
        .filter_map(|(name, value)| match name.as_str() {
            // The one attribute that is an HTTP header of its own, and so not encoded.
            "content-type" => Some(("content-type".into(), value.as_bytes().to_vec())),
            name => Some((format!("ce_{}", name.strip_prefix("ce-")?), decode(value.as_bytes()))),
        })
        .map(|(name, value)| (name, Some(Bytes::from(value))))
        .collect();
    Ok(Event::from_headers(&headers)?)
}

/// An attribute's bytes, as section 3.1.3.2 of the binding has it: first the quotes go, then the percent
/// signs.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(more: &[(&'static str, &str)]) -> HeaderMap {
        let base =
            [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
        let all = base.iter().chain(more).map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
        all.collect()
    }

    #[test]
    fn an_attribute_is_a_header_in_any_case() {
        let event = event(&headers(&[
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
            let event = event(&headers(&[("ce-subject", header)])).unwrap();
            assert_eq!(event.attribute("subject"), Some(attribute), "{header}");
        }
    }

    #[test]
    fn what_is_missing_or_not_text_is_named() {
        let mut bare = headers(&[]);
        bare.remove("ce-id");
        assert_eq!(event(&bare), Err(Malformed::Missing("id".into())));
        let not_text = headers(&[("ce-subject", "%ff")]);
        assert_eq!(event(&not_text), Err(Malformed::NotUtf8("subject".into())));
    }
}

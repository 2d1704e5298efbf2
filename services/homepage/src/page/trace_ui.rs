//! The address at which a tracing backend shows a trace.

use std::str::FromStr;

use actix_web::http::Uri;

/// A URL with `{trace}` in the place of a trace's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceUi(String);

impl TraceUi {
    const PLACE: &str = "{trace}";

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TraceUi {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let has_place = text.contains(Self::PLACE);
        let url: Uri = text.replace(Self::PLACE, "0").parse().map_err(|_| ())?;
        let is_http = matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
        match (is_http, has_place) {
            (true, true) => Ok(Self(text.to_owned())),
            (true, false) if url.query().is_none() => {
                Ok(Self(format!("{}/trace/{}", text.trim_end_matches('/'), Self::PLACE)))
            }
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_ui_has_a_place_for_the_id() {
        for (text, template) in [
            ("http://jaeger:16686", "http://jaeger:16686/trace/{trace}"),
            ("http://jaeger:16686/", "http://jaeger:16686/trace/{trace}"),
            ("https://x/explore?id={trace}&from=now", "https://x/explore?id={trace}&from=now"),
        ] {
            assert_eq!(text.parse::<TraceUi>().unwrap().as_str(), template);
        }
        for bad in
            ["jaeger:16686", "javascript:alert({trace})", "http://", "https://x/?id=1", "{trace}"]
        {
            assert!(bad.parse::<TraceUi>().is_err(), "{bad}");
        }
    }
}

//! The path below which a gateway serves the page.

use std::fmt;
use std::str::FromStr;

/// A path that begins and ends with a slash: `/` or `/barrage/`. Every address that the homepage gives out begins
/// with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    const MAX_CHARS: usize = 100;

    /// The first parts of our own addresses. They are served at the root as well, for a gateway that strips the
    /// path, so a path that begins like one of them would be ambiguous.
    const OURS: [&str; 13] = [
        "bursts",
        "demo",
        "feed",
        "healthz",
        "join",
        "messages",
        "metrics",
        "openapi.json",
        "pipeline",
        "qr.svg",
        "readyz",
        "stage",
        "static",
    ];

    pub(crate) fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// The path without the slash at its end; empty for the root.
    pub(crate) fn prefix(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BasePath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let inner = text.strip_prefix('/').ok_or(())?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if inner.is_empty() {
            return if text == "/" { Ok(Self("/".to_owned())) } else { Err(()) };
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        // A browser removes "." and ".." from an address.
        let is_segment = |it: &str| !["", ".", ".."].contains(&it) && it.chars().all(is_plain);
        let first = inner.split('/').next().unwrap_or_default();
        let fits = inner.len() <= Self::MAX_CHARS && !Self::OURS.contains(&first);
        let is_path = inner.split('/').all(is_segment);
        if fits && is_path { Ok(Self(format!("/{inner}/"))) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_and_ends_with_a_slash() {
        for (text, path, prefix) in [
            ("/", "/", ""),
            ("/barrage", "/barrage/", "/barrage"),
            ("/barrage/", "/barrage/", "/barrage"),
            ("/a/b-c_d.e~1/", "/a/b-c_d.e~1/", "/a/b-c_d.e~1"),
            ("/feedback", "/feedback/", "/feedback"),
        ] {
            let base: BasePath = text.parse().unwrap();
            assert_eq!((base.to_string().as_str(), base.prefix()), (path, prefix));
        }
    }

    #[test]
    fn what_is_no_plain_path_is_refused() {
        let long = format!("/{}", "x".repeat(101));
        for bad in [
            "",
            "barrage",
            "//",
            "//evil.example",
            "/a//b",
            "/a b",
            "/a?b",
            "/a#b",
            "/ä",
            "/%41",
            "/../a",
            "/a/.",
            "/{id}",
            "/feed",
            "/join/x",
            "/static/x",
            "http://x/y",
            &long,
        ] {
            assert_eq!(bad.parse::<BasePath>(), Err(()), "{bad}");
        }
    }
}

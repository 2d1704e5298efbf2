//! Types of values that several variables use.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A value that is never printed: its `Debug` shows `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the client library that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// The text does not parse. It carries no reason: [`super::Variable::expected`] says what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid value")]
pub struct Invalid;

/// An absolute `http://` or `https://` URL without query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let url: axum::http::Uri = text.parse().map_err(|_| Invalid)?;
        let scheme = url.scheme_str().ok_or(Invalid)?;
        let host = url.host().filter(|host| !host.is_empty());
        let known = matches!(scheme, "http" | "https") && host.is_some() && url.query().is_none();
        if known { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(Invalid) }
    }
}

/// The name of one process among several of the same service: 1 to 64 of `a-z A-Z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance(String);

impl Instance {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host's name and five random letters, so that two processes on one host differ.
    pub(super) fn of_host() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host: String =
            host.trim().chars().filter(char::is_ascii_alphanumeric).take(50).collect();
        let letter = || char::from(b'a' + rand::random_range(0..26u8));
        let letters: String = std::iter::repeat_with(letter).take(5).collect();
        Self(format!("{}-{letters}", if host.is_empty() { "host" } else { &host }))
    }
}

impl FromStr for Instance {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let fits = (1..=64).contains(&text.len());
        if plain && fits { Ok(Self(text.to_owned())) } else { Err(Invalid) }
    }
}

/// A number of seconds from 1 to 3600, written as `25` or `25s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl FromStr for Seconds {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_suffix('s').unwrap_or(text).trim();
        let seconds = digits.parse().ok().filter(|n| (1..=3600).contains(n)).ok_or(Invalid)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

/// A ratio from 0 (never) to 1 (always).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)).map(Self).ok_or(Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", "hunter2".parse::<Secret>().unwrap()), "***");
    }

    #[test]
    fn an_endpoint_is_an_absolute_http_url() {
        for good in ["http://localhost:8000", "https://x.example/", "http://[::1]:80"] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
        for bad in
            ["", "localhost:8000", "ftp://x", "http://", "/path", "http://x?q=1", "http://a b"]
        {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_and_ratios_have_ranges() {
        assert_eq!("25".parse(), Ok(Seconds(Duration::from_secs(25))));
        assert_eq!("60s".parse(), Ok(Seconds(Duration::from_secs(60))));
        for bad in ["0", "-1", "3601", "x", "1.5"] {
            assert!(bad.parse::<Seconds>().is_err(), "{bad}");
        }
        for bad in ["-0.1", "1.1", "NaN", "inf"] {
            assert!(bad.parse::<Ratio>().is_err(), "{bad}");
        }
    }
}

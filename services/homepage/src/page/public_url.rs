//! The URL at which people reach the page.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::Uri;
use barrage::config::Endpoint;

use super::base_path::BasePath;
use crate::proxies::Origin;

/// `http://` or `https://` with a host, perhaps a port and a path, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(Endpoint);

impl PublicUrl {
    /// A phone hardly reads the QR code of a longer one.
    const MAX_CHARS: usize = 200;

    /// The URL that this request was sent to, by its `Host` or by what a trusted proxy says.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        let origin = Origin::of(request);
        Self::at(origin.scheme, &origin.host)
    }

    fn at(scheme: &str, host: &str) -> Option<Self> {
        let url = format!("{scheme}://{host}").parse().ok();
        url.filter(|_| !host.contains('/'))
    }

    /// Its path: that of the page.
    pub(crate) fn path(&self) -> Option<BasePath> {
        let path = self.address().split_once('/').map_or("", |(_, path)| path);
        format!("/{path}").parse().ok()
    }

    /// The page at this path of a URL that has none.
    pub(crate) fn below(&self, base: &BasePath) -> Option<Self> {
        Some(Self(format!("{}{base}", self.as_str()).parse().ok()?))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The URL without its scheme, as people type it.
    pub(crate) fn address(&self) -> &str {
        self.as_str().split_once("://").map_or(self.as_str(), |(_, address)| address)
    }

    /// The guest's page there.
    pub(crate) fn guest(&self) -> String {
        format!("{}/join", self.as_str())
    }

    /// Whether it leads to the machine on which it is opened, so that no phone can use it.
    pub(crate) fn is_loopback(&self) -> bool {
        let uri: Option<Uri> = self.as_str().parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

impl FromStr for PublicUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Self(text.parse().map_err(|_| ())?);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        let host = url.address().split('/').next().unwrap_or_default();
        let is_valid = host.chars().all(is_plain) && url.path().is_some();
        if is_valid && text.len() <= Self::MAX_CHARS { Ok(url) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_perhaps_with_a_port() {
        for (host, address) in [
            ("barrage.example", "barrage.example"),
            ("barrage.example:8080", "barrage.example:8080"),
            ("192.168.1.5:8080", "192.168.1.5:8080"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(PublicUrl::at("http", host).unwrap().address(), address);
        }
        let long = "x".repeat(201);
        for host in ["", "a b", "a/b", "/", "a@b", "a?b", "a#b", "\"><script>", "a:b:c", "é", &long]
        {
            assert_eq!(PublicUrl::at("http", host), None, "{host}");
        }
        assert_eq!(PublicUrl::at("javascript", "x"), None);
    }

    #[test]
    fn a_public_url_may_have_a_path_but_no_query() {
        let url: PublicUrl = "https://example.com/".parse().unwrap();
        assert_eq!((url.as_str(), url.address()), ("https://example.com", "example.com"));
        let below = url.below(&"/barrage".parse().unwrap()).unwrap();
        assert_eq!(below.as_str(), "https://example.com/barrage");
        assert_eq!(below, "https://example.com/barrage/".parse().unwrap());
        assert_eq!(below.path(), "/barrage".parse().ok());
        assert_eq!(below.guest(), "https://example.com/barrage/join");
        assert!(url.path().is_some_and(|path| path.is_root()));
        for bad in [
            "example.com",
            "ftp://example.com",
            "https://example.com/a b",
            "https://example.com/a//b",
            "https://example.com/?q",
            "https://u@example.com",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_loopback_address_leads_no_phone_here() {
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:80",
            "a.localhost",
            "0.0.0.0:1",
        ] {
            assert!(PublicUrl::at("http", host).unwrap().is_loopback(), "{host}");
        }
        for host in ["192.168.1.5:8080", "localhost.example", "barrage.example", "[fe80::1]"] {
            assert!(!PublicUrl::at("http", host).unwrap().is_loopback(), "{host}");
        }
    }
}

//! The devices that people send from. A cookie with a random token tells one phone of a room from the others, which
//! all have one address.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

use crate::cookies::cookies;
use crate::page::base_path::BasePath;
use crate::proxies::Origin;
use crate::token::Token;

/// The token of a device. Nobody needs to know it beforehand: one of another homepage, or one that somebody has made
/// up, is a device like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device(Token);

impl Device {
    const COOKIE: &str = "barrage_device";
    const MAX_AGE_DAYS: u32 = 30;

    pub(crate) fn random() -> Self {
        Self(Token::random())
    }

    /// What the table may know of it.
    pub(crate) fn hash(self) -> String {
        self.0.hash()
    }

    /// The first cookie of the name that is a token. A malformed one counts as none.
    fn of(request: &HttpRequest) -> Option<Self> {
        cookies(request, Self::COOKIE).find_map(Token::parse).map(Self)
    }

    /// The value of `Set-Cookie`. The path is without the slash at its end, so that it also fits the address of the
    /// page without the slash.
    fn cookie(self, base_path: &BasePath, is_secure: bool) -> HeaderValue {
        let path = if base_path.is_root() { "/" } else { base_path.prefix() };
        let age = Self::MAX_AGE_DAYS * 24 * 60 * 60;
        let secure = if is_secure { "; Secure" } else { "" };
        let (name, token) = (Self::COOKIE, self.0.expose());
        let value =
            format!("{name}={token}; Max-Age={age}; Path={path}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(value).expect("a token, a number and a path are visible ASCII")
    }
}

/// The device that a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    /// The device of the request's cookie, or a new one for its answer's.
    pub(crate) device: Device,
    is_new: bool,
    /// Whether the request came by HTTPS, as far as that can be believed.
    is_secure: bool,
}

impl Visit {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let known = Device::of(request);
        let device = known.unwrap_or_else(Device::random);
        let is_secure = Origin::of(request).scheme == "https";
        Self { device, is_new: known.is_none(), is_secure }
    }

    /// The device of the request's cookie.
    pub(crate) fn known(self) -> Option<Device> {
        Some(self.device).filter(|_| !self.is_new)
    }

    /// What the answer sets, if the request had no device.
    pub(crate) fn cookie(self, base_path: &BasePath) -> Option<HeaderValue> {
        self.is_new.then(|| self.device.cookie(base_path, self.is_secure))
    }
}

/// Whom limits count: the device, and the address as the outer bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// `None` without a cookie.
    pub(crate) device: Option<Device>,
    /// `None` for a connection without an address. Of IPv6 the network of 64 bits, because one person may have all of
    /// its addresses.
    address: Option<IpAddr>,
}

impl Client {
    pub(crate) fn new(device: Option<Device>, address: Option<IpAddr>) -> Self {
        Self { device, address: address.map(network) }
    }

    pub(crate) fn has_address_of(self, other: Self) -> bool {
        self.address == other.address
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => network_of(v6).into(),
    }
}

/// The network of 64 bits, which is what one person or one venue has at least.
pub(crate) fn network_of(address: Ipv6Addr) -> Ipv6Addr {
    const UPPER: u128 = !0 << 64;
    (address.to_bits() & UPPER).into()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::COOKIE;
    use actix_web::test::TestRequest;
    use actix_web::web::Data;

    use super::*;
    use crate::proxies::TrustedProxies;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn visit(cookies: &str) -> Visit {
        Visit::of(&TestRequest::default().insert_header((COOKIE, cookies)).to_http_request())
    }

    fn set(visit: Visit, base: &str) -> Option<String> {
        let cookie = visit.cookie(&base.parse().unwrap());
        cookie.map(|it| it.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_request_without_a_device_gets_one_that_the_next_request_has() {
        let first = visit("theme=dark");
        assert_eq!(first.known(), None);
        let cookie = set(first, "/").unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax");
        let second = visit(&format!("a=b;  {pair}; c=d"));
        assert_eq!(second.known(), Some(first.device));
        assert_eq!(set(second, "/"), None);
        assert_ne!(visit("").device, visit("").device);
    }

    #[test]
    fn a_token_that_somebody_has_made_up_is_a_device_and_a_malformed_one_is_none() {
        assert!(visit(&format!("barrage_device={TOKEN}")).known().is_some());
        assert!(visit(&format!("barrage_device=no; barrage_device={TOKEN}")).known().is_some());
        for malformed in ["", "0", &TOKEN.to_uppercase(), &format!("\"{TOKEN}\"")] {
            let visit = visit(&format!("barrage_device={malformed}"));
            assert_eq!(visit.known(), None, "{malformed}");
            assert!(set(visit, "/").is_some(), "{malformed}");
        }
    }

    #[test]
    fn below_a_path_the_cookie_also_fits_the_address_without_the_slash() {
        assert!(set(visit(""), "/barrage/").unwrap().contains("; Path=/barrage; "));
    }

    #[test]
    fn the_cookie_is_secure_where_a_trusted_proxy_says_that_the_request_came_by_https() {
        let is_secure = |peer: &str| {
            let request = TestRequest::default()
                .peer_addr(peer.parse().unwrap())
                .app_data(Data::new("10.0.0.1".parse::<TrustedProxies>().unwrap()))
                .insert_header(("x-forwarded-proto", "https"))
                .insert_header(("x-forwarded-for", "192.0.2.7"));
            set(Visit::of(&request.to_http_request()), "/").unwrap().ends_with("; Secure")
        };
        assert!(is_secure("10.0.0.1:4000"));
        assert!(!is_secure("10.0.0.2:4000"));
    }

    #[test]
    fn no_log_shows_a_token() {
        let visit = visit(&format!("barrage_device={TOKEN}"));
        let client = Client::new(visit.known(), None);
        assert!(!format!("{visit:?} {client:?}").contains("112233"), "{visit:?}");
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one_address() {
        let client = |address: &str| Client::new(None, Some(address.parse().unwrap()));
        assert!(client("2001:db8::1").has_address_of(client("2001:db8::ffff:2")));
        assert!(!client("2001:db8::1").has_address_of(client("2001:db8:0:1::1")));
        assert!(!client("192.0.2.1").has_address_of(client("192.0.2.2")));
    }
}

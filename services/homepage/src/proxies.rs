//! Which proxies are believed, and what they say of a request: who its client is, and which URL it has asked for.

mod forwarded;

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::Version;
use actix_web::http::header::HOST;
use actix_web::web::Data;
use ipnet::{IpNet, Ipv4Net};

use self::forwarded::Hops;

/// The proxies of `TRUSTED_PROXIES`. None by default, so that nobody's headers are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = ();

    /// Addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, ()> {
        let nets = text.split(',').map(|item| net(item.trim()).ok_or(()));
        nets.collect::<Result<_, _>>().map(Self)
    }
}

/// A network, or an address alone. An IPv4 network that is written as IPv6 is its IPv4 network.
fn net(text: &str) -> Option<IpNet> {
    let net: IpNet =
        text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))?;
    let mapped = || match net {
        IpNet::V4(_) => None,
        IpNet::V6(v6) => Some((v6.addr().to_ipv4_mapped()?, v6.prefix_len().checked_sub(96)?)),
    };
    Some(mapped().and_then(ipv4_net).unwrap_or(net))
}

fn ipv4_net((address, prefix): (Ipv4Addr, u8)) -> Option<IpNet> {
    Ipv4Net::new(address, prefix).ok().map(IpNet::from)
}

/// Where a request comes from, and what it has asked for, as far as this can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address of the person or the program that has sent it. `None` for a connection without an address.
    pub(crate) client: Option<IpAddr>,
    /// The client that trusted proxies name, if they do.
    named: Option<IpAddr>,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The host, perhaps with a port. It is not checked.
    pub(crate) host: String,
    /// Whether a trusted proxy has sent the request.
    pub(crate) is_by_trusted_proxy: bool,
}

impl Origin {
    /// Headers of proxies count only if the other end of the connection is a trusted proxy.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let none = TrustedProxies::default();
        let trusted = request.app_data::<Data<TrustedProxies>>().map_or(&none, |data| data);
        let direct = Self {
            client: peer,
            named: None,
            scheme: "http",
            host: host(request),
            is_by_trusted_proxy: false,
        };
        match peer.filter(|peer| trusted.contains(*peer)) {
            None => direct,
            Some(peer) => {
                let hops = Hops::of(request.headers(), |address| trusted.contains(address));
                Self {
                    client: hops.client.or(Some(peer)),
                    named: hops.client,
                    scheme: hops.scheme.unwrap_or(direct.scheme),
                    host: hops.host.unwrap_or(direct.host),
                    is_by_trusted_proxy: true,
                }
            }
        }
    }
}

/// The headers by which proxies say for whom they send a request.
const OF_PROXIES: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// Whether the client is a program on this machine. A proxy on this machine sends what comes from elsewhere. So a request
/// with a proxy's header counts only if trusted proxies name this machine as its client. nginx adds no header by default,
/// but speaks HTTP/1.0, which browsers do not.
pub(crate) fn is_local(request: &HttpRequest) -> bool {
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    let has_proxy = OF_PROXIES.iter().any(|name| request.headers().contains_key(*name));
    let is_client_here = if has_proxy {
        Origin::of(request).named.is_some_and(is_loopback)
    } else {
        request.version() >= Version::HTTP_11
    };
    request.peer_addr().is_some_and(|peer| is_loopback(peer.ip())) && is_client_here
}

/// The `Host` of the request, else that of its address. HTTP/1.0 may have neither: then the address of this server.
fn host(request: &HttpRequest) -> String {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let of_uri = || request.uri().authority().map(|authority| authority.as_str());
    header.or_else(of_uri).unwrap_or_else(|| request.app_config().host()).to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const PROXY: &str = "10.0.0.1:4000";

    fn trusted(text: &str) -> TrustedProxies {
        text.parse().unwrap()
    }

    /// What is believed of a request from `peer` with these headers. The proxies are those of 10.0.0.0/8.
    fn origin(peer: &str, headers: &[(&str, &str)]) -> Origin {
        let request = TestRequest::default()
            .peer_addr(peer.parse().unwrap())
            .app_data(Data::new(trusted("10.0.0.0/8")));
        let request = headers.iter().fold(request, |it, header| it.append_header(*header));
        Origin::of(&request.append_header(("host", "direct.example")).to_http_request())
    }

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        origin(peer, headers).client.unwrap().to_string()
    }

    #[test]
    fn trusted_proxies_are_addresses_and_networks() {
        let proxies = trusted("127.0.0.1, 10.0.0.0/8,2001:db8::/32 , ::1,::ffff:192.0.2.0/120");
        for inside in ["127.0.0.1", "10.255.0.1", "2001:db8::9", "::1", "192.0.2.200"] {
            assert!(proxies.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["127.0.0.2", "11.0.0.1", "2001:db9::9", "::2", "192.0.3.1"] {
            assert!(!proxies.contains(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn what_is_neither_an_address_nor_a_network_is_refused() {
        for bad in ["", ",", "10.0.0.1,", "proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "*"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_from_anybody_but_a_trusted_proxy_change_nothing() {
        let forged = [
            ("forwarded", "for=192.0.2.1;proto=https;host=evil.example"),
            ("x-forwarded-for", "192.0.2.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        let expected = Origin {
            client: Some([203, 0, 113, 9].into()),
            named: None,
            scheme: "http",
            host: "direct.example".into(),
            is_by_trusted_proxy: false,
        };
        assert_eq!(origin("203.0.113.9:1", &forged), expected);
        assert_eq!(origin("[::ffff:203.0.113.9]:1", &forged), expected);
    }

    #[test]
    fn the_client_is_the_last_address_from_the_right_that_is_not_trusted() {
        for (header, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7, 10.0.0.3", "192.0.2.7"),
            ("10.0.0.4, 10.0.0.3", "10.0.0.4"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("192.0.2.7, nonsense, 10.0.0.3", "10.0.0.3"),
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", header)]), expected, "{header:?}");
        }
        assert_eq!(client("[::ffff:10.0.0.1]:9", &[("x-forwarded-for", "192.0.2.7")]), "192.0.2.7");
    }

    #[test]
    fn a_client_is_local_unless_a_proxy_says_otherwise() {
        let is_local_by = |trusted_proxies: &str, peer: &str, headers: &[(&str, &str)]| {
            let request = TestRequest::default().peer_addr(peer.parse().unwrap());
            let request = request.app_data(Data::new(trusted(trusted_proxies)));
            let request = headers.iter().fold(request, |it, header| it.append_header(*header));
            is_local(&request.to_http_request())
        };
        let (here, away) = ("127.0.0.1:4000", "192.0.2.7:4000");
        let none = "192.0.2.99";
        for (trusted, peer, headers, expected) in [
            (none, here, &[][..], true),
            (none, "[::1]:4000", &[], true),
            (none, "[::ffff:127.0.0.1]:4000", &[], true),
            (none, away, &[], false),
            (none, away, &[("x-forwarded-for", "127.0.0.1")], false),
            (none, here, &[("x-forwarded-for", "192.0.2.7")], false),
            (none, here, &[("x-forwarded-for", "127.0.0.1")], false),
            (none, here, &[("via", "1.1 proxy")], false),
            ("127.0.0.1", here, &[], true),
            ("127.0.0.1", here, &[("x-forwarded-for", "127.0.0.1")], true),
            ("127.0.0.1", here, &[("x-forwarded-for", "127.0.0.1, 192.0.2.7")], false),
            ("127.0.0.1", here, &[("x-forwarded-for", "")], false),
            ("127.0.0.1", here, &[("x-forwarded-for", "192.0.2.7")], false),
            ("127.0.0.1", here, &[("forwarded", "for=192.0.2.7")], false),
            // The proxy has added one of them. The client has written the other.
            (
                "127.0.0.1",
                here,
                &[("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=unknown")],
                false,
            ),
            (away.trim_end_matches(":4000"), away, &[("x-forwarded-for", "127.0.0.1")], false),
        ] {
            assert_eq!(
                is_local_by(trusted, peer, headers),
                expected,
                "{trusted} {peer} {headers:?}"
            );
        }
    }

    #[test]
    fn a_request_of_http_1_0_is_not_local() {
        let request = TestRequest::default().peer_addr("127.0.0.1:4000".parse().unwrap());
        assert!(!is_local(&request.version(Version::HTTP_10).to_http_request()));
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7, 10.0.0.2")];
        assert_eq!(client(PROXY, &lines), "192.0.2.7");
        let lines = [("forwarded", "for=1.1.1.1"), ("forwarded", "for=192.0.2.7")];
        assert_eq!(client(PROXY, &lines), "192.0.2.7");
    }

    #[test]
    fn where_the_two_headers_name_different_clients_neither_is_believed() {
        let both =
            |other: &'static str| [("x-forwarded-for", other), ("forwarded", "for=192.0.2.7")];
        assert_eq!(client(PROXY, &both("192.0.2.7")), "192.0.2.7");
        assert_eq!(client(PROXY, &both("1.1.1.1")), "10.0.0.1");
    }

    #[test]
    fn scheme_and_host_are_those_that_the_outermost_trusted_proxy_has_received() {
        let url = |headers: &[(&str, &str)]| {
            let origin = origin(PROXY, headers);
            format!("{}://{}", origin.scheme, origin.host)
        };
        assert_eq!(url(&[]), "http://direct.example");
        let two = "for=1.1.1.1;proto=http;host=evil.example, \
                   For=192.0.2.7;Proto=HTTPS;Host=\"a.example:8443\", for=10.0.0.2;proto=http";
        assert_eq!(url(&[("forwarded", two)]), "https://a.example:8443");
        let plain = [("x-forwarded-proto", "https"), ("x-forwarded-host", "a.example")];
        assert_eq!(url(&plain), "https://a.example");
        let forged = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https, http")];
        assert_eq!(url(&forged), "http://direct.example");
        let inner = [("x-forwarded-for", "192.0.2.7, 10.0.0.2"), ("x-forwarded-proto", "https")];
        assert_eq!(url(&inner), "https://direct.example");
        assert_eq!(url(&[("x-forwarded-proto", "gopher")]), "http://direct.example");
    }
}

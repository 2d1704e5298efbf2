//! Reads what proxies have written into a request: `Forwarded` (RFC 7239), or `X-Forwarded-For`, `X-Forwarded-Proto`
//! and `X-Forwarded-Host`. Many proxies write one kind and pass the other on as the client has sent it. So where both
//! name a client, and not the same, neither is believed.
//!
//! Each proxy adds what it knows at the right end. The left end may be anybody's: a client can send such headers
//! itself. So they are read from the right, as long as a trusted proxy has written what comes next.
//!
//! Example: the proxies are 10.0.0.1 (our peer) and 10.0.0.2, and the header is `1.1.1.1, 192.0.2.7, 10.0.0.2`.
//!
//! | read | written by | so |
//! | --- | --- | --- |
//! | `10.0.0.2` | our peer, which is trusted | that address has sent the request to our peer |
//! | `192.0.2.7` | 10.0.0.2, which is trusted | it is the client: it is no trusted proxy |
//! | `1.1.1.1` | the client | not read |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::header::HeaderMap;

/// What trusted proxies say of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hops {
    /// Who has sent it to the outermost trusted proxy.
    pub(super) client: Option<IpAddr>,
    pub(super) scheme: Option<&'static str>,
    pub(super) host: Option<String>,
}

/// What one proxy has written: from whom it has received the request, and for which URL.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element {
    client: Option<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<String>,
}

impl Hops {
    /// Reads the headers of a request that a trusted proxy has sent.
    pub(super) fn of(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Self {
        let forwarded = list(headers, "forwarded").into_iter().map(Element::parse);
        let nodes = list(headers, "x-forwarded-for").into_iter().map(Element::of_node);
        let (forwarded, nodes): (Vec<_>, Vec<_>) = (forwarded.collect(), nodes.collect());
        let has_both = !forwarded.is_empty() && !nodes.is_empty();
        let by_nodes = Self::walk(nodes, headers, &is_trusted);
        if forwarded.is_empty() {
            return by_nodes;
        }
        let by_forwarded = Self::walk(forwarded, headers, &is_trusted);
        let differ = has_both && by_forwarded.client != by_nodes.client;
        if differ { Self::default() } else { by_forwarded }
    }

    fn walk(
        elements: Vec<Element>,
        headers: &HeaderMap,
        is_trusted: impl Fn(IpAddr) -> bool,
    ) -> Self {
        let (mut hops, mut read) = (Self::default(), 0);
        for element in elements {
            read += 1;
            hops.scheme = element.scheme.or(hops.scheme);
            hops.host = element.host.or(hops.host);
            hops.client = element.client.or(hops.client);
            // What is further left was written by a stranger, or by nobody knows whom.
            if !element.client.is_some_and(&is_trusted) {
                break;
            }
        }
        let outermost = |name| list(headers, name).into_iter().take(read.max(1)).next_back();
        hops.scheme = hops.scheme.or_else(|| scheme(outermost("x-forwarded-proto")?));
        hops.host = hops.host.or_else(|| Some(outermost("x-forwarded-host")?.to_owned()));
        hops
    }
}

impl Element {
    /// An element of `Forwarded`: parameters like `for=192.0.2.7`, separated by semicolons.
    fn parse(text: &str) -> Self {
        let parameters = split(text, b';');
        let parameter = |name: &str| {
            let named = parameters.iter().filter_map(|pair| pair.split_once('='));
            let mut named = named.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            let (_, value) = named.next()?;
            // A second one may have come in by a host that the proxy did not check.
            named.next().is_none().then(|| unquote(value)).flatten()
        };
        Self {
            client: parameter("for").and_then(|node| address(&node)),
            scheme: parameter("proto").and_then(|proto| scheme(&proto)),
            host: parameter("host").filter(|host| !host.is_empty()),
        }
    }

    /// An element of `X-Forwarded-For`.
    fn of_node(text: &str) -> Self {
        Self { client: unquote(text).and_then(|node| address(&node)), ..Self::default() }
    }
}

/// The elements of all header lines of this name, the last one first.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    // A line that is no text says nothing, but must not vanish: what is left of it was written before.
    let lines: Vec<_> = headers.get_all(name).map(|it| it.to_str().unwrap_or("?")).collect();
    lines.into_iter().rev().flat_map(|line| split(line, b',')).collect()
}

/// The parts between separators that are not quoted, the last one first. It reads from the right, so that a quote that
/// a client has left open hides nothing of what proxies have written.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let is_escaped =
        |at: usize| bytes[..at].iter().rev().take_while(|it| **it == b'\\').count() % 2 == 1;
    let (mut parts, mut end, mut is_quoted) = (Vec::new(), bytes.len(), false);
    for at in (0..bytes.len()).rev() {
        if bytes[at] == b'"' && !is_escaped(at) {
            is_quoted = !is_quoted;
        } else if bytes[at] == separator && !is_quoted {
            parts.push(&text[at + 1..end]);
            end = at;
        }
    }
    parts.push(&text[..end]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The text of a token or a quoted string. `None` if a quote is missing.
fn unquote(text: &str) -> Option<String> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let (mut plain, mut chars) = (String::new(), rest.strip_suffix('"')?.chars());
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { chars.next()? } else { char });
    }
    Some(plain)
}

/// The address of a node: an IPv4 address, or an IPv6 address with or without brackets, perhaps with a port. `None` for
/// `unknown`, a hidden name such as `_proxy`, and all else.
fn address(node: &str) -> Option<IpAddr> {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    let address = match node.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let is_whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            IpAddr::V6(is_whole.then(|| address.parse::<Ipv6Addr>().ok()).flatten()?)
        }
        None => node.parse().ok().or_else(|| {
            let (address, port) = node.rsplit_once(':')?;
            let address = address.parse::<Ipv4Addr>().ok()?;
            is_port(port).then_some(IpAddr::V4(address))
        })?,
    };
    Some(address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_node_is_an_address_perhaps_quoted_and_with_a_port() {
        for (node, expected) in [
            ("192.0.2.43", "192.0.2.43"),
            ("192.0.2.43:47011", "192.0.2.43"),
            ("\"192.0.2.43:47011\"", "192.0.2.43"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("[::ffff:192.0.2.43]:1", "192.0.2.43"),
        ] {
            assert_eq!(Element::of_node(node).client, expected.parse().ok(), "{node}");
        }
    }

    #[test]
    fn what_is_no_address_names_no_client() {
        for node in [
            "unknown",
            "_hidden",
            "\"_gazonk\"",
            "192.0.2",
            "192.0.2.43:",
            "192.0.2.43:http",
            "[::1",
            "::1]",
            "[::1]x",
            "[192.0.2.43]",
            "fe80::1%eth0",
            "\"192.0.2.43",
            "192.0.2.43\"",
            "é",
            "",
        ] {
            assert_eq!(Element::of_node(node).client, None, "{node}");
        }
    }

    #[test]
    fn an_element_of_forwarded_has_the_parameters_of_rfc_7239() {
        let element =
            Element::parse("For=\"[2001:db8:cafe::17]:4711\";by=203.0.113.43; proto=https");
        assert_eq!(element.client, "2001:db8:cafe::17".parse().ok());
        assert_eq!((element.scheme, element.host), (Some("https"), None));
        let quoted = Element::parse("for=192.0.2.60;host=\"a\\\"b;for=1.1.1.1\"");
        assert_eq!(quoted.client, "192.0.2.60".parse().ok());
        assert_eq!(quoted.host.as_deref(), Some("a\"b;for=1.1.1.1"));
        assert_eq!(Element::parse("for=192.0.2.60;host=a;for=1.1.1.1").client, None);
    }

    #[test]
    fn a_quote_that_a_client_leaves_open_hides_nothing_of_what_proxies_have_written() {
        assert_eq!(split("for=\"1.1.1.1, for=192.0.2.7", b','), ["for=192.0.2.7", "for=\"1.1.1.1"]);
        assert_eq!(split("\\\", \"a, b\"", b','), ["\"a, b\"", "\\\""]);
    }

    /// Of a request that came over one trusted proxy.
    fn hops(name: &'static str, value: &[u8]) -> Option<Hops> {
        let mut headers = HeaderMap::new();
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?);
        Some(Hops::of(&headers, |address| address == IpAddr::from([10, 0, 0, 1])))
    }

    #[test]
    fn a_header_that_is_no_text_names_no_client() {
        assert_eq!(hops("x-forwarded-for", b"\xff, 192.0.2.7").unwrap().client, None);
    }

    proptest! {
        #[test]
        fn no_text_of_a_client_changes_what_the_proxy_adds(sent in "[ -~]{0,40}") {
            for (name, added) in [("forwarded", ", for=192.0.2.7"), ("x-forwarded-for", ", 192.0.2.7")] {
                let hops = hops(name, format!("{sent}{added}").as_bytes()).unwrap();
                prop_assert_eq!(hops.client, "192.0.2.7".parse().ok());
            }
        }
    }
}

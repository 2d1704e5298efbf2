//! Where the other machines of the network find this one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

/// An address that stands for any far one: it is reserved for documentation.
const FAR: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// Where they find a page that listens there; nothing when it listens for this machine alone.
pub(crate) fn url(page: SocketAddr) -> Option<String> {
    let ip = if page.ip().is_unspecified() { way_out().ok()? } else { page.ip() };
    (!ip.is_loopback()).then(|| format!("http://{}", SocketAddr::new(ip, page.port())))
}

/// Our own address on the way to a far one. Only the routes are asked: nothing is sent.
fn way_out() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(FAR)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_listens_for_others_has_an_address_for_them() {
        assert_eq!(url("127.0.0.1:8080".parse().unwrap()), None);
        let url = url("192.168.1.5:8080".parse().unwrap());
        assert_eq!(url.as_deref(), Some("http://192.168.1.5:8080"));
    }
}

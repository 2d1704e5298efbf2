//! The address of this machine for other machines of its network.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

/// Any address outside this machine: this one is reserved for documentation (RFC 5737).
const OUTSIDE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The page's URL for other machines; none if it listens on loopback alone.
pub(crate) fn url(page: SocketAddr) -> Option<String> {
    let ip = if page.ip().is_unspecified() { own_address().ok()? } else { page.ip() };
    (!ip.is_loopback()).then(|| format!("http://{}", SocketAddr::new(ip, page.port())))
}

/// The address from which this machine would send to the outside. Connecting a UDP socket sends nothing.
fn own_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(OUTSIDE)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_on_loopback_has_no_address_for_other_machines() {
        assert_eq!(url("127.0.0.1:8080".parse().unwrap()), None);
        let url = url("192.168.1.5:8080".parse().unwrap());
        assert_eq!(url.as_deref(), Some("http://192.168.1.5:8080"));
    }
}

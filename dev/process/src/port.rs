//! A port that stays ours while its process starts, dies and starts again.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpSocket;

/// A port of this machine, reserved for one process.
///
/// We hold a socket that is bound but never listens. Linux lets the process bind the same port
/// (both sides set `SO_REUSEADDR`) and gives it to nobody else. Without it, the port of a process
/// that is down can go to some outgoing connection, even to one that then connects to itself.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _held: Option<TcpSocket>,
}

impl Port {
    /// Reserves `port` of 127.0.0.1; 0 lets the system choose.
    pub fn reserve(port: u16) -> io::Result<Self> {
        Self::reserve_at((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Reserves the port of another address.
    pub fn reserve_at(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        // Other systems would keep the process itself out: there the port is chosen, not held.
        let held = cfg!(target_os = "linux").then_some(socket);
        Ok(Self { address, _held: held })
    }

    /// Where its process listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where this machine reaches it: what listens everywhere listens on loopback too.
    pub fn near(&self) -> SocketAddr {
        let mut near = self.address;
        match near.ip() {
            ip if !ip.is_unspecified() => {}
            ip if ip.is_ipv4() => near.set_ip(Ipv4Addr::LOCALHOST.into()),
            _ => near.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_process_listens_on_its_reserved_port_again_and_again() {
        let port = Port::reserve(0).unwrap();
        for _ in 0..3 {
            drop(TcpListener::bind(port.address()).await.unwrap());
        }
    }

    #[tokio::test]
    async fn what_listens_everywhere_is_reached_on_loopback() {
        for (host, near) in [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("::", "::1")] {
            let port = Port::reserve_at(SocketAddr::new(host.parse().unwrap(), 0)).unwrap();
            assert_eq!(port.near(), SocketAddr::new(near.parse().unwrap(), port.address().port()));
        }
    }

    #[tokio::test]
    async fn a_port_where_somebody_listens_cannot_be_reserved() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = Port::reserve(listener.local_addr().unwrap().port());
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}

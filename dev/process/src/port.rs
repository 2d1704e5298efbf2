//! A port that stays reserved while its process starts, dies and starts again.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use tokio::net::TcpSocket;

/// A port of this machine, reserved for one process.
///
/// We hold a socket that is bound but never listens. Linux lets the process bind the same port, because
/// both sides set `SO_REUSEADDR`, and gives the port to no other program. Without this, the kernel may use
/// the port of a process that is down for an outgoing connection, which can even connect to itself.
/// It stays reserved until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Port {
    address: SocketAddr,
    _reserved: Option<Arc<TcpSocket>>,
}

impl Port {
    /// Reserves `port` of 127.0.0.1; with 0 the system chooses one.
    pub fn reserve(port: u16) -> io::Result<Self> {
        Self::reserve_at((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Reserves a port of any address of this machine.
    pub fn reserve_at(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        // On other systems the process itself could not bind the port. There it is chosen, not reserved.
        let reserved = cfg!(target_os = "linux").then(|| Arc::new(socket));
        Ok(Self { address, _reserved: reserved })
    }

    /// The address that the process binds.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to connect to from this machine: 127.0.0.1 if the process binds 0.0.0.0.
    pub fn local_address(&self) -> SocketAddr {
        let mut address = self.address;
        match address.ip() {
            ip if !ip.is_unspecified() => {}
            ip if ip.is_ipv4() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            _ => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_process_can_listen_on_its_reserved_port_after_each_restart() {
        let port = Port::reserve(0).unwrap();
        for _ in 0..3 {
            drop(TcpListener::bind(port.address()).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_process_on_all_addresses_is_reached_on_loopback() {
        for (host, local) in [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("::", "::1")] {
            let port = Port::reserve_at(SocketAddr::new(host.parse().unwrap(), 0)).unwrap();
            let expected = SocketAddr::new(local.parse().unwrap(), port.address().port());
            assert_eq!(port.local_address(), expected);
        }
    }

    #[tokio::test]
    async fn a_port_in_use_cannot_be_reserved() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = Port::reserve(listener.local_addr().unwrap().port());
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}

//! A port that stays ours while its process starts, dies and starts again.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1, reserved for one process.
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
    /// Reserves `port`; 0 lets the system choose.
    pub fn reserve(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        let address = socket.local_addr()?;
        // Other systems would keep the process itself out: there the port is chosen, not held.
        let held = cfg!(target_os = "linux").then_some(socket);
        Ok(Self { address, _held: held })
    }

    /// Where its process listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
    async fn a_port_where_somebody_listens_cannot_be_reserved() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = Port::reserve(listener.local_addr().unwrap().port());
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}

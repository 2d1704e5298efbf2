//! A TCP proxy in front of a server. It can slow, stop or close the connections of chosen clients.

mod connection;
mod fault;

use std::{future::pending, io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

pub use self::fault::Fault;
use self::{
    connection::{Connection, Protocol},
    fault::Faults,
};

/// How long to wait after `accept` has failed.
const RETRY_ACCEPT: Duration = Duration::from_millis(50);

/// A running proxy. Dropping it closes its port and all connections.
///
/// ```no_run
/// # fn example(broker: std::net::SocketAddr) -> std::io::Result<()> {
/// use faults::tcp_proxy::{Fault, TcpProxy};
///
/// let proxy = TcpProxy::for_kafka(broker)?; // the broker advertises proxy.address()
/// proxy.set_for("event-router-producer", Fault::BlackHole);
/// proxy.set(Fault::None);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    _accepting: AbortOnDropHandle<()>,
}

impl TcpProxy {
    /// Listens on a free port. The server at `target` may start later. Needs a Tokio runtime.
    pub fn new(target: SocketAddr) -> io::Result<Self> {
        Self::start(target, Protocol::Any)
    }

    /// The same for a Kafka broker, whose clients are known by their `client.id`. The broker must advertise the
    /// proxy's address to its clients.
    pub fn for_kafka(target: SocketAddr) -> io::Result<Self> {
        Self::start(target, Protocol::Kafka)
    }

    fn start(target: SocketAddr, protocol: Protocol) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (faults, watched) = watch::channel(Faults::default());
        let accepting = tokio::spawn(accept(listener, target, protocol, watched));
        Ok(Self { address, faults, _accepting: AbortOnDropHandle::new(accepting) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the fault of all connections, open and new.
    pub fn set(&self, fault: Fault) {
        self.set_for("", fault);
    }

    /// Sets the fault of Kafka clients whose `client.id` starts with this: `event-router-producer`, or
    /// `homepage` for all of the homepage's clients.
    pub fn set_for(&self, client: &str, fault: Fault) {
        self.faults.send_modify(|faults| faults.set(client, fault));
    }
}

/// Owns the connections: they end when this task is aborted.
async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    protocol: Protocol,
    faults: watch::Receiver<Faults>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            client = next(&listener) => {
                connections.spawn(Connection::run(client, protocol, target, faults.clone()));
            }
            // Both ends notice how a connection has ended. The proxy has nothing to do.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next connection. An error of `accept` is temporary: the client gave up, or the process has too many
/// open files at the moment.
async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            Err(_) => _ = timeout(RETRY_ACCEPT, pending::<()>()).await,
        }
    }
}

#[cfg(test)]
mod tests;

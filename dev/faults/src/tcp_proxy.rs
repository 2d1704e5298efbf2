//! A TCP proxy before a peer, in the test's own process: a wire that can become slow, silent or cut.

mod connection;
mod greeting;

use std::{future::pending, io, net::SocketAddr, time::Duration};

use client::kafka::TESTS;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use self::{connection::Connection, greeting::Greeting};

/// How long nothing is accepted after it failed.
const BREATH: Duration = Duration::from_millis(50);

/// What is wrong with a wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: all passes.
    #[default]
    None,
    /// Each chunk of bytes comes so much later.
    Delay(Duration),
    /// Connections stay open and new ones are accepted, but nothing comes through, as where packets are
    /// dropped. What was sent meanwhile arrives when the fault ends.
    BlackHole,
    /// Connections are closed, and new ones as soon as they are made.
    Cut,
}

/// A proxy. Dropping it closes its port and all connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    _accepting: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Listens on a port of its own before the peer at `target`, which may start later. Needs the
    /// runtime.
    pub fn before(target: SocketAddr) -> io::Result<Self> {
        Self::start(target, Greeting::Any)
    }

    /// The same before a Kafka broker, which has to advertise the proxy's address: there each
    /// connection says whose it is.
    pub fn before_kafka(target: SocketAddr) -> io::Result<Self> {
        Self::start(target, Greeting::Kafka)
    }

    fn start(target: SocketAddr, greeting: Greeting) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (faults, heard) = watch::channel(Faults::default());
        let accepting = tokio::spawn(accept(listener, target, greeting, heard));
        Ok(Self { address, faults, _accepting: AbortOnDropHandle::new(accepting) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this is wrong with all connections, those that are open too.
    pub fn set(&self, fault: Fault) {
        self.set_for("", fault);
    }

    /// From now on this is wrong with the connections of Kafka clients whose `client.id` starts like
    /// this: `event-router-producer`, or `homepage` for all of its clients.
    pub fn set_for(&self, client: &str, fault: Fault) {
        self.faults.send_modify(|faults| faults.set(client, fault));
    }
}

/// What is wrong with whose connections: the last word that fits a client's name counts.
#[derive(Clone, Debug, Default)]
struct Faults(Vec<(String, Fault)>);

impl Faults {
    fn set(&mut self, client: &str, fault: Fault) {
        self.0.retain(|(known, _)| !known.starts_with(client));
        self.0.push((client.to_owned(), fault));
    }

    fn of(&self, client: &str) -> Fault {
        let fitting = self.0.iter().rev().find(|(known, _)| client.starts_with(known.as_str()));
        let fault = fitting.map(|(_, fault)| *fault).unwrap_or_default();
        if client.starts_with(TESTS) { Fault::None } else { fault }
    }
}

/// Owns the connections: they end with it.
async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    greeting: Greeting,
    faults: watch::Receiver<Faults>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            mut client = next(&listener) => {
                let faults = faults.clone();
                connections.spawn(async move {
                    let (name, begun) = greeting.hear(&mut client).await?;
                    Connection::new(faults, name).join(client, begun, target).await
                });
            }
            // How a connection has ended is for its two ends to see.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A connection that was given up before it was accepted concerns nobody, and a machine that has no
/// file left for one has some again later.
async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            Err(_) => _ = timeout(BREATH, pending::<()>()).await,
        }
    }
}

#[cfg(test)]
mod tests;

//! One connection through the proxy: whose it is, and the bytes in both directions.

use std::{future::pending, io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

use super::fault::{Fault, Faults};

/// The most bytes of each direction that the proxy holds.
const CHUNK: usize = 64 * 1024;

/// The length of a Kafka request's header up to the client's name: size (4 bytes), request (2), its
/// version (2), its number (4), and the length of the name (2).
const KAFKA_HEADER: usize = 14;

/// How the proxy tells clients apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Protocol {
    Any,
    /// By the `client.id` in their first request.
    Kafka,
}

/// A connection of one client.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    faults: watch::Receiver<Faults>,
    client: String,
}

impl Connection {
    /// Carries bytes until both ends have closed, one fails, or the connection is cut.
    pub(super) async fn run(
        mut client: TcpStream,
        protocol: Protocol,
        target: SocketAddr,
        faults: watch::Receiver<Faults>,
    ) -> io::Result<()> {
        let (name, read) = match protocol {
            Protocol::Any => (String::new(), Vec::new()),
            Protocol::Kafka => kafka_client(&mut client).await?,
        };
        let connection = Self { faults, client: name };
        tokio::select! {
            () = connection.until(|fault| fault == Fault::Cut) => Ok(()),
            ended = connection.relay(client, read, target) => ended,
        }
    }

    /// `read` are the bytes that were read already, to learn the client's name.
    async fn relay(
        &self,
        mut client: TcpStream,
        read: Vec<u8>,
        target: SocketAddr,
    ) -> io::Result<()> {
        self.until_passing().await;
        let mut server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.delay().await;
        server.write_all(&read).await?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = (self.copy(from_client, to_server), self.copy(from_server, to_client));
        tokio::try_join!(both.0, both.1).map(|_| ())
    }

    async fn copy(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = tokio::select! { biased;
                () = self.until(|fault| fault == Fault::BlackHole) => {
                    self.until_passing().await;
                    continue;
                }
                read = from.read(&mut chunk) => read?,
            };
            self.delay().await;
            self.until_passing().await;
            match read {
                0 => return to.shutdown().await,
                _ => to.write_all(&chunk[..read]).await?,
            }
        }
    }

    async fn delay(&self) {
        let fault = self.faults.borrow().of(&self.client);
        if let Fault::Delay(by) = fault {
            // A wait without a fact to wait for: here the time is the fault.
            _ = timeout(by, pending::<()>()).await;
        }
    }

    async fn until_passing(&self) {
        self.until(|fault| matches!(fault, Fault::None | Fault::Delay(_))).await;
    }

    async fn until(&self, condition: impl Fn(Fault) -> bool) {
        let mut faults = self.faults.clone();
        // The sender is dropped only after all connections.
        _ = faults.wait_for(|faults| condition(faults.of(&self.client))).await;
    }
}

/// A Kafka client's name, and the bytes that were read to learn it.
async fn kafka_client(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut header = [0; KAFKA_HEADER];
    client.read_exact(&mut header).await?;
    // A client without a name sends the length -1.
    let length = u16::from_be_bytes([header[12], header[13]]);
    let mut name = vec![0; usize::try_from(length.cast_signed()).unwrap_or(0)];
    client.read_exact(&mut name).await?;
    let read = [&header[..], &name].concat();
    Ok((String::from_utf8_lossy(&name).into_owned(), read))
}

//! One connection through the proxy: both ends, and what is wrong between them.

use std::{future::pending, io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

use super::{Fault, Faults};

/// How many bytes of each direction are in our hands at most.
const CHUNK: usize = 64 * 1024;

/// What is wrong with the connections of one client.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    faults: watch::Receiver<Faults>,
    client: String,
}

impl Connection {
    pub(super) fn new(faults: watch::Receiver<Faults>, client: String) -> Self {
        Self { faults, client }
    }

    /// Carries bytes between both ends until both have closed, one fails, or the wire is cut.
    pub(super) async fn join(
        self,
        client: TcpStream,
        begun: Vec<u8>,
        target: SocketAddr,
    ) -> io::Result<()> {
        tokio::select! {
            () = self.until(|fault| fault == Fault::Cut) => Ok(()),
            ended = self.carry(client, begun, target) => ended,
        }
    }

    async fn carry(
        &self,
        mut client: TcpStream,
        begun: Vec<u8>,
        target: SocketAddr,
    ) -> io::Result<()> {
        self.passing().await;
        let mut server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.late().await;
        server.write_all(&begun).await?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = (self.pump(from_client, to_server), self.pump(from_server, to_client));
        tokio::try_join!(both.0, both.1).map(|_| ())
    }

    async fn pump(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = tokio::select! { biased;
                () = self.until(|fault| fault == Fault::BlackHole) => {
                    self.passing().await;
                    continue;
                }
                read = from.read(&mut chunk) => read?,
            };
            self.late().await;
            self.passing().await;
            match read {
                0 => return to.shutdown().await,
                _ => to.write_all(&chunk[..read]).await?,
            }
        }
    }

    async fn late(&self) {
        let fault = self.faults.borrow().of(&self.client);
        if let Fault::Delay(by) = fault {
            // Time itself is the fault here.
            _ = timeout(by, pending::<()>()).await;
        }
    }

    async fn passing(&self) {
        self.until(|fault| matches!(fault, Fault::None | Fault::Delay(_))).await;
    }

    async fn until(&self, so: impl Fn(Fault) -> bool) {
        let mut faults = self.faults.clone();
        // The sender goes with the proxy, and we go before it.
        _ = faults.wait_for(|faults| so(faults.of(&self.client))).await;
    }
}

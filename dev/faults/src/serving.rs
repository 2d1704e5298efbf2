//! A server on a free port of this machine: what the proxies are made of, and stand-ins of single tests.

use std::{io, net::SocketAddr};

use axum::Router;
use proto::message_processor_server::{MessageProcessor, MessageProcessorServer};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::{Server, server::TcpIncoming};

/// A running server. Dropping it closes its port.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

impl Serving {
    /// Serves HTTP.
    pub async fn http(router: Router) -> io::Result<Self> {
        let (listener, address) = free_port().await?;
        // If it fails, whoever waits for its answers fails.
        let server = async { _ = axum::serve(listener, router).await };
        Ok(Self { address, _server: AbortOnDropHandle::new(tokio::spawn(server)) })
    }

    /// Serves gRPC, as a processor does.
    pub(crate) async fn grpc(processor: impl MessageProcessor) -> io::Result<Self> {
        let (listener, address) = free_port().await?;
        let server = Server::builder()
            .add_service(MessageProcessorServer::new(processor))
            .serve_with_incoming(TcpIncoming::from(listener));
        let server = async { _ = server.await };
        Ok(Self { address, _server: AbortOnDropHandle::new(tokio::spawn(server)) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn free_port() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

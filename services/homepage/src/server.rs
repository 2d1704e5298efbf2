//! The HTTP server: where it listens, and what it grants each connection.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::middleware::Compress;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer};
use socket2::SockRef;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Handlers};

/// How many threads answer requests.
const WORKERS: usize = 2;

/// How many connections may wait to be taken: an audience comes all at once.
const BACKLOG: i32 = 4096;

/// How long a connection is kept for the viewer's next poll. It is longer than any viewer waits.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long a client may take nothing of what it is sent. One that reads too slowly or is gone would
/// otherwise hold its answer in our memory for as long as it likes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listens there.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Answers until `drained`.
pub(crate) async fn serve(
    handlers: Handlers,
    listener: TcpListener,
    drained: CancellationToken,
) -> io::Result<()> {
    let server = HttpServer::new(move || {
        let (headers, compress) = (api::headers(), Compress::default());
        App::new().wrap(compress).wrap(headers).configure(api::routes(handlers.clone()))
    });
    let server = server.on_connect(|connection, _| limit(connection));
    let server = server.workers(WORKERS).keep_alive(KEEP_ALIVE).shutdown_timeout(1);
    server.shutdown_signal(drained.cancelled_owned()).listen(listener)?.run().await
}

fn limit(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let set = SockRef::from(stream).set_tcp_user_timeout(Some(PATIENCE));
        drop(
            set.inspect_err(|error| tracing::debug!(%error, "a client may be as slow as it likes")),
        );
    }
}

//! The HTTP server: its port, its threads, and the limits of a connection.

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

const WORKERS: usize = 2;

/// How many connections may wait to be accepted: an audience opens the page in the same second.
const BACKLOG: i32 = 4096;

/// How long an idle connection is kept for the viewer's next poll. No viewer waits so long.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long a client may acknowledge nothing of what it is sent. Without a limit, answers to clients that have gone
/// would fill the memory.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the port, with a longer queue than the default.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

pub(crate) async fn serve(
    handlers: Handlers,
    listener: TcpListener,
    drained: CancellationToken,
) -> io::Result<()> {
    let server = HttpServer::new(move || {
        let (headers, compress) = (api::headers(), Compress::default());
        App::new().wrap(compress).wrap(headers).configure(api::routes(handlers.clone()))
    });
    let server = server.on_connect(|connection, _| set_send_timeout(connection));
    let server = server.workers(WORKERS).keep_alive(KEEP_ALIVE).shutdown_timeout(1);
    server.shutdown_signal(drained.cancelled_owned()).listen(listener)?.run().await
}

fn set_send_timeout(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let set = SockRef::from(stream).set_tcp_user_timeout(Some(SEND_TIMEOUT));
        drop(set.inspect_err(|error| tracing::debug!(%error, "a connection has no send timeout")));
    }
}

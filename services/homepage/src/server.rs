//! The HTTP server: its port, its threads, and the limits of a connection.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error, HttpServer};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::SockRef;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Handlers};

/// How many connections may wait to be accepted: an audience opens the page in the same second.
const BACKLOG: i32 = 4096;

/// How long an idle connection is kept for the viewer's next poll, or for a proxy's next request. Proxies keep theirs for
/// 60 s (nginx, Varnish, AWS). If we closed first, a request that is just on its way would fail.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take nothing of what it is sent: it has gone, or reads no more. Without a limit, such answers
/// would fill the memory.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the port, with a longer queue than the default, and with room for as many connections as the system allows.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    raise_file_limit();
    let listener = TcpListener::bind(address)?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Each viewer who waits has a connection, and many systems let a process open 1,024 files until it asks for more.
fn raise_file_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// From `stop` on, each answer is the last of its connection. From `drained` on, nobody can connect. It ends when all
/// requests have their answers, at the latest after `last_answers`, of which whole seconds count.
pub(crate) async fn serve(
    handlers: Handlers,
    listener: TcpListener,
    (stop, drained): (CancellationToken, CancellationToken),
    last_answers: Duration,
) -> io::Result<()> {
    let server = HttpServer::new(move || {
        let stop = stop.clone();
        App::new()
            .configure(api::routes(handlers.clone()))
            .wrap(api::headers())
            .wrap_fn(move |request, next| close_once(stop.clone(), next.call(request)))
    });
    let server = server.on_connect(|connection, _| set_send_timeout(connection));
    let workers = available_parallelism().map_or(1, NonZero::get);
    // A client that closes its side has gone: otherwise a viewer who waits would be kept to the end of its wait.
    let server = server.workers(workers).h1_allow_half_closed(false);
    let server = server.keep_alive(KEEP_ALIVE).shutdown_timeout(last_answers.as_secs().max(1));
    server.shutdown_signal(drained.cancelled_owned()).listen(listener)?.run().await
}

/// A client that keeps its connection would have its next request cut off. So once stopped, it is told to open another
/// one, which leads to a homepage that stays.
async fn close_once<B>(
    stop: CancellationToken,
    answer: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = answer.await?;
    if stop.is_cancelled() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

fn set_send_timeout(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let set = SockRef::from(stream).set_tcp_user_timeout(Some(SEND_TIMEOUT));
        drop(set.inspect_err(|error| tracing::debug!(%error, "a connection has no send timeout")));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{HttpResponse, web};

    use super::*;

    #[actix_web::test]
    async fn once_stopped_each_answer_is_the_last_of_its_connection() {
        let stop = CancellationToken::new();
        let app = App::new()
            .wrap_fn({
                let stop = stop.clone();
                move |request, next| close_once(stop.clone(), next.call(request))
            })
            .default_service(web::to(HttpResponse::Ok));
        let app = init_service(app).await;

        let before = call_service(&app, TestRequest::get().to_request()).await;
        stop.cancel();
        let after = call_service(&app, TestRequest::get().to_request()).await;

        assert_ne!(before.response().head().connection_type(), ConnectionType::Close);
        assert_eq!(after.response().head().connection_type(), ConnectionType::Close);
    }
}

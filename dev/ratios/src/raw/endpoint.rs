//! A bare endpoint that answers every request with bytes that it has, like a homepage's but without a homepage's work.

use std::{
    net::{SocketAddr, TcpListener},
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, VARY},
    web::{self, Bytes},
};
use anyhow::{Context as _, ensure};
use client::browser::Body;
use stack::usage;

/// How the names of its threads begin.
const THREADS: [&str; 2] = ["actix-server", "actix-rt"];

/// The endpoint; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    server: ServerHandle,
}

impl Endpoint {
    /// Serves these bodies in rotation. It has as many threads as a homepage.
    pub(crate) fn start(bodies: Vec<Body>) -> anyhow::Result<Self> {
        ensure!(!bodies.is_empty(), "there is nothing to serve");
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        let address = listener.local_addr()?;
        let bodies = bodies.into_iter().map(|it| (it.encoding, Bytes::from(it.bytes)));
        let bodies: Arc<[(String, Bytes)]> = bodies.collect();
        let next = Arc::new(AtomicUsize::new(0));
        let app = move || {
            let (bodies, next) = (bodies.clone(), next.clone());
            let answer = web::get().to(move || {
                let (encoding, body) = &bodies[next.fetch_add(1, Ordering::Relaxed) % bodies.len()];
                let mut answer = HttpResponse::Ok();
                answer.content_type("application/json").insert_header((CACHE_CONTROL, "no-store"));
                answer.insert_header((VARY, "Accept-Encoding"));
                if !encoding.is_empty() {
                    answer.insert_header((CONTENT_ENCODING, encoding.as_str()));
                }
                std::future::ready(answer.body(body.clone()))
            });
            App::new().route("/feed", answer)
        };
        let server = HttpServer::new(app).disable_signals().backlog(4096).listen(listener)?.run();
        let handle = server.handle();
        thread::spawn(move || actix_web::rt::System::new().block_on(server));
        Ok(Self { address, server: handle })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time of its threads so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(usage::of_threads(process::id(), &THREADS)?)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Its threads end by themselves, after the viewers have gone.
        drop(self.server.stop(false));
    }
}

//! How many messages per second this program itself can send: so many does it measure at the most.

use std::{fmt, net::TcpListener, sync::Arc, thread, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    messages,
    report::{Latency, Mode, Plan, Stage},
    run::Run,
    target::Target,
};

/// More than any machine takes, for so long.
const FLAT_OUT: Stage = Stage { from: 1_000_000, to: 1_000_000, seconds: 10 };

/// So many requests at once keep one thread busy, and wait for each other only little.
const IN_FLIGHT: u32 = 64;

/// What was reached.
#[derive(Debug)]
pub(crate) struct Ceiling {
    per_second: f64,
    /// In a second of its own work, whatever others do on this machine; where the system tells.
    per_busy_second: Option<f64>,
    naive: Option<Latency>,
}

/// Sends as fast as it goes, by the way of every run, to an endpoint that does nothing but answer.
///
/// # Errors
/// When no endpoint can be made, or it does not answer.
pub(crate) async fn measure() -> anyhow::Result<Ceiling> {
    let target = Target::new(&format!("http://{}", serve()?))?;
    let plan = Plan {
        modes: vec![Mode::Messages],
        stages: vec![FLAT_OUT],
        in_flight: IN_FLIGHT,
        viewers: 0,
        settle_s: 0,
    };
    let run = Run::new(target, &plan, "ceiling", CancellationToken::new());
    let time = Duration::from_secs(FLAT_OUT.seconds.into());
    let end = tokio::time::sleep_until(run.began + time);
    let (sending, stop, before) = (run.clone(), run.stop.clone(), busy());
    tokio::join!(messages::send(&sending, IN_FLIGHT), async {
        end.await;
        stop.cancel();
    });
    let worked = busy().zip(before).map(|(now, before)| now - before);
    let accepted = run.book.count().accepted as f64;
    anyhow::ensure!(
        run.book.failures().is_empty(),
        "the endpoint failed: {:?}",
        run.book.failures()
    );
    Ok(Ceiling {
        per_second: accepted / time.as_secs_f64(),
        per_busy_second: worked.map(|worked| accepted / worked.as_secs_f64()),
        naive: run.book.latencies().accept_naive,
    })
}

/// How long this thread has kept a core busy.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// An endpoint on a thread of its own.
fn serve() -> anyhow::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    let address = listener.local_addr()?;
    let offsets = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let app = move || {
        let offsets = offsets.clone();
        let answer = web::post().to(move |_: web::Bytes| {
            let offset = offsets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let accepted = json!({ "id": Uuid::new_v4(), "partition": 0, "offset": offset });
            async { HttpResponse::Accepted().json(accepted) }
        });
        App::new().route("/messages", answer)
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
    // It ends with the program.
    thread::spawn(move || actix_web::rt::System::new().block_on(server));
    Ok(address)
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:.0} messages per second from one thread to a bare actix endpoint on another",
            self.per_second
        )?;
        if let Some(per_busy_second) = self.per_busy_second {
            writeln!(
                f,
                "{per_busy_second:.0} in a second in which that thread has a core to itself"
            )?;
        }
        let Some(Latency { p50, p99, .. }) = self.naive else { return Ok(()) };
        writeln!(
            f,
            "with {IN_FLIGHT} under way at once; each took {p50:.2} ms (p50), {p99:.2} ms (p99)"
        )
    }
}

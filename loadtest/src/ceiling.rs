//! How many messages per second this program itself can send. It cannot measure more.

use std::{fmt, net::TcpListener, sync::Arc, thread, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use client::{base_url::BaseUrl, trust::Trust};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    messages,
    report::{Latency, Mode, Plan, Stage},
    run::Run,
    target::Target,
};

/// A rate that no machine reaches, for ten seconds.
const FLAT_OUT: Stage = Stage { from: 1_000_000, to: 1_000_000, seconds: 10 };

/// Enough requests at once to keep one thread busy, and so few that they hardly wait for each other.
const IN_FLIGHT: u32 = 64;

#[derive(Debug)]
pub(crate) struct Ceiling {
    per_second: f64,
    /// Per second of CPU time, so that other load on this machine does not count. `None` where the system has no such
    /// clock for a thread.
    per_busy_second: Option<f64>,
    naive: Option<Latency>,
}

/// Sends as fast as possible, with the code of every run, to an endpoint that only answers. Fails when the endpoint
/// cannot be started or does not answer.
pub(crate) async fn measure() -> anyhow::Result<Ceiling> {
    let base = BaseUrl::parse(&format!("http://{}", serve()?))?;
    let target = Target::new(base, &Trust::Nobody)?;
    let plan = Plan {
        modes: vec![Mode::Messages],
        stages: vec![FLAT_OUT],
        in_flight: IN_FLIGHT,
        viewers: 0,
        guests: 0,
        settle_s: 0,
    };
    let run = Run::new(target.homepage, &plan, "ceiling", CancellationToken::new());
    let time = Duration::from_secs(FLAT_OUT.seconds.into());
    let end = tokio::time::sleep_until(run.began + time);
    let (sending, stop, before) = (run.clone(), run.stop.clone(), busy());
    tokio::join!(messages::send(&sending, IN_FLIGHT), async {
        end.await;
        stop.cancel();
    });
    let worked = busy().zip(before).map(|(now, before)| now - before);
    let accepted = run.measurements.ledger().accepted as f64;
    anyhow::ensure!(
        run.measurements.failures().is_empty(),
        "the endpoint failed: {:?}",
        run.measurements.failures()
    );
    Ok(Ceiling {
        per_second: accepted / time.as_secs_f64(),
        per_busy_second: worked.map(|worked| accepted / worked.as_secs_f64()),
        naive: run.measurements.latencies().accept_naive,
    })
}

/// The CPU time of this thread.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Starts an endpoint on a thread of its own, which ends with the program.
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

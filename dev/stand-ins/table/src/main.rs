//! The demo's DynamoDB: an embedded table store that keeps its rows in one SQLite file.

use std::{io, net::Ipv4Addr, path::Path, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use dynoxide::{Database, server};
use process::{
    signals::Stop,
    stand_in::{self, Place},
};
use tokio::{
    net::TcpListener,
    task::{self, JoinHandle},
    time::{interval, timeout},
};

const NAME: &str = "table";

/// How long requests that run may take when we are asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often rows that have expired are removed. DynamoDB promises no more than some days.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(60);

/// A DynamoDB-compatible table store for one machine.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    stand_in::exit_code(NAME, run(Args::parse().place).await)
}

async fn run(place: Place) -> anyhow::Result<()> {
    stand_in::log_to_stderr();
    stand_in::outlive_file_limits()?;
    let stop = Stop::on_signal()?;
    let _lock = stand_in::claim(&place.data, NAME)?;
    let database = open(&place.data.join("table.db")).context("cannot open the tables")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, place.port))
        .await
        .with_context(|| format!("port {}", place.port))?;
    announce(&listener)?;
    tokio::spawn(sweep(database.clone()));
    let stopped = stop.asked.clone().cancelled_owned();
    let served = tokio::spawn(server::serve_with_shutdown(listener, database, stopped));
    until_served(served, &stop).await
}

fn open(path: &Path) -> anyhow::Result<Database> {
    let database = Database::new(path.to_str().context("its path is not UTF-8")?)?;
    // The name misleads: this sets synchronous=NORMAL, which survives kill -9 and writes three
    // times as fast as the default.
    database.disable_bulk_loading()?;
    Ok(database)
}

fn announce(listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    #[expect(clippy::print_stdout, reason = "the ready line is what a process says on stdout")]
    {
        println!("{NAME} ready on http://{address}");
    }
    Ok(())
}

/// Waits until the server has ended: by itself, or within [`GRACE`] after it was told to.
async fn until_served(
    mut served: JoinHandle<Result<(), String>>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = stop.asked.cancelled() => match timeout(GRACE, served).await {
            Ok(ended) => ended,
            // A client that never finishes its request has had its time.
            Err(_) => return Ok(()),
        },
    };
    ended?.map_err(anyhow::Error::msg)
}

/// Removes expired rows, which the engine does only when it is told to.
async fn sweep(database: Database) {
    let mut again = interval(BETWEEN_SWEEPS);
    loop {
        again.tick().await;
        let database = database.clone();
        match task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(removed)) => tracing::debug!(removed, "expired rows removed"),
            Ok(Err(error)) => tracing::warn!(%error, "expired rows not removed"),
            Err(error) => tracing::error!(%error, "removing expired rows died"),
        }
    }
}

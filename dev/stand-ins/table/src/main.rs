//! The stand-in for DynamoDB: an embedded table store that keeps its rows in one SQLite file.

mod health;
mod oldest_rows;

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser;
use dynoxide::{Database, server};
use process::signals::Stop;
use startup::retention::Retention;
use tokio::{
    net::TcpListener,
    task::{self, JoinHandle},
    time::{Instant, interval, timeout},
};

use crate::oldest_rows::Rows;

const NAME: &str = "table";

/// How long running requests may take after a stop signal.
const GRACE: Duration = Duration::from_secs(5);

/// How often expired rows are removed. DynamoDB removes them within a few days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// A sweep reads every row. After a long one we wait longer, so that sweeps take at most this part of the time.
const SWEEP_SHARE: u32 = 20;

/// A DynamoDB-compatible table store for one machine.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    options: startup::Options,
    /// Address to listen on; 0.0.0.0 = all.
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// Start nothing: ask the table at this port of this machine, and exit with 0 if it answers, else 1.
    #[arg(long)]
    health: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let outcome =
        if args.health { health::check(args.options.port).await } else { run(args).await };
    startup::exit_code(NAME, outcome)
}

async fn run(Args { options, host, .. }: Args) -> anyhow::Result<()> {
    startup::log_to_stderr();
    startup::ignore_file_size_signal()?;
    let stop = Stop::on_signal()?;
    let _lock = startup::lock_data_folder(&options.data, NAME)?;
    let path = options.data.join("table.db");
    let kept = |share| Rows::prepare(&path).map(|rows| Retention::new(rows, share));
    let retention =
        options.keep.map(kept).transpose().context("cannot prepare the file of the tables")?;
    let database = open(&path).context("cannot open the tables")?;
    let listener = TcpListener::bind((host, options.port))
        .await
        .with_context(|| format!("{host}, port {}", options.port))?;
    announce(&listener)?;
    tokio::spawn(sweep(database.clone()));
    if let Some(retention) = retention {
        tokio::spawn(stop.requested.clone().run_until_cancelled_owned(retention.run()));
    }
    let stopped = stop.requested.clone().cancelled_owned();
    let served = tokio::spawn(server::serve_with_shutdown(listener, database, stopped));
    until_served(served, &stop).await
}

fn open(path: &Path) -> anyhow::Result<Database> {
    let database = Database::new(path.to_str().context("its path is not UTF-8")?)?;
    // Despite its name this only sets synchronous=NORMAL, which survives kill -9 and writes three times
    // as fast as the default.
    database.disable_bulk_loading()?;
    Ok(database)
}

fn announce(listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    #[expect(clippy::print_stdout, reason = "stdout carries the ready line alone")]
    {
        println!("{NAME} ready on http://{address}");
    }
    Ok(())
}

/// Waits until the server has ended: by itself, or at most [`GRACE`] after a stop signal.
async fn until_served(
    mut served: JoinHandle<Result<(), String>>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = stop.requested.cancelled() => match timeout(GRACE, served).await {
            Ok(ended) => ended,
            // A client that never finishes its request does not keep us from stopping.
            Err(_) => return Ok(()),
        },
    };
    ended?.map_err(anyhow::Error::msg)
}

/// Removes expired rows again and again. The engine does this only on request.
async fn sweep(database: Database) {
    let mut due = interval(SWEEP_INTERVAL);
    loop {
        due.tick().await;
        let began = Instant::now();
        let database = database.clone();
        match task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(removed)) => tracing::debug!(removed, "expired rows removed"),
            Ok(Err(error)) => tracing::warn!(%error, "expired rows not removed"),
            Err(error) => tracing::error!(%error, "removing expired rows died"),
        }
        due.reset_after(SWEEP_INTERVAL.max(began.elapsed() * SWEEP_SHARE));
    }
}

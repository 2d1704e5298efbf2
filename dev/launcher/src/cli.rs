//! The command line of `cargo demo`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Parser, error::ErrorKind, value_parser};

use crate::{
    demo::{self, Options},
    range::Range,
    scaler::Scale,
    supervisor::InvalidConfiguration,
};

const AFTER_HELP: &str = "With --release, builds and runs optimised programs.";

/// `CONTAINER_CONCURRENCY` and `WORK_MS` of a message-processor that is told nothing else.
const DEFAULT_CONCURRENCY: u32 = 100;
const DEFAULT_WORK_MS: u32 = 0;

/// Runs barrage on this machine: the page, its services, and stand-ins for Kafka and DynamoDB.
/// Passes variables of the services (WORK_MS, BLOCKED_WORDS, TRACING and so on) on to them.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo demo [-- [--release] OPTIONS]", after_help = AFTER_HELP)]
struct Args {
    /// Address on which the page listens; with 0.0.0.0 phones of the same network can open it too.
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// Port of the page; 0 = any.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder of the data and logs [default: barrage-data in the target folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Delete the data of earlier runs first.
    #[arg(long)]
    fresh: bool,
    /// The fewest and the most message-processors, 0 to 64. In between the load decides, by the rules of
    /// Knative's autoscaler: one for each CONTAINER_CONCURRENCY x 70 % calls under way.
    #[arg(long, value_name = "MIN..MAX", default_value = "0..4", allow_hyphen_values = true)]
    scale: Range,
    /// The autoscaler decides by the mean of so many seconds, 6 to 3600.
    #[arg(long, value_name = "S", default_value_t = 60, conflicts_with = "processors",
          value_parser = value_parser!(u64).range(6..=3600))]
    scale_window: u64,
    /// A fixed number of message-processors instead, 1 to 64.
    #[arg(long, value_name = "N", conflicts_with = "scale", value_parser = value_parser!(u16).range(1..=64))]
    processors: Option<u16>,
    /// Print the logs of all processes.
    #[arg(short, long)]
    verbose: bool,
}

/// Runs the demo that the arguments describe.
pub async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            let invalid = error.is::<InvalidConfiguration>();
            if invalid { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// A wrong value costs one line. Where the usage may help, it is printed too, as for `--help`.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_value = matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::ArgumentConflict
    );
    if !is_value {
        error.exit();
    }
    let text = error.render().to_string();
    eprintln!("{}", text.lines().next().unwrap_or_default());
    ExitCode::from(2)
}

async fn run(args: Args) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let programs = own.parent().context("the launcher has no folder")?;
    demo::run(Options {
        data: args.data.clone().unwrap_or_else(|| default_data(programs)),
        programs: programs.into(),
        fresh: args.fresh,
        page: SocketAddr::new(args.host, args.port),
        scale: scale(&args),
        verbose: args.verbose,
        environment: std::env::vars_os().map(|(name, _)| name).collect(),
    })
    .await
}

fn scale(args: &Args) -> Scale {
    // A processor that does not accept the value says so at the start.
    let number = |name: &str, default| {
        let value = std::env::vars_os().find(|(it, _)| it == name).map(|(_, value)| value);
        value.and_then(|value| value.to_str()?.trim().parse().ok()).unwrap_or(default)
    };
    Scale {
        range: args.processors.map_or(args.scale, Range::up_to),
        fixed: args.processors,
        window: Duration::from_secs(args.scale_window),
        concurrency: number("CONTAINER_CONCURRENCY", DEFAULT_CONCURRENCY).max(1),
        work_ms: number("WORK_MS", DEFAULT_WORK_MS),
    }
}

/// In `target`, next to the folder of the programs. All profiles share it.
fn default_data(programs: &Path) -> PathBuf {
    programs.parent().unwrap_or(programs).join("barrage-data")
}

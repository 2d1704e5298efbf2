//! The command line of `cargo demo`.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, error::ErrorKind, value_parser};

use crate::{
    demo::{self, Options},
    range::Range,
    scaler::Scale,
    size::Size,
    supervisor::InvalidConfiguration,
    tour,
};

const AFTER_HELP: &str = "With --release, builds and runs optimised programs.";

const CONCURRENCY: &str = "CONTAINER_CONCURRENCY";

/// `CONTAINER_CONCURRENCY` and `WORK_MS` of a message-processor that is told nothing else.
const DEFAULT_CONCURRENCY: u32 = 100;
const DEFAULT_WORK_MS: u32 = 0;

/// `CONTAINER_CONCURRENCY` for a tour, unless it is set: so few messages want several processors that people can read
/// some of them, and the page draws each place of a processor.
const TOUR_CONCURRENCY: u32 = 10;

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
    /// How much data the stand-ins keep, such as 200MB or 2GB, half of it in the broker and half in the table: the oldest
    /// messages go, once they are processed. The last 30 seconds stay.
    #[arg(long, value_name = "SIZE", default_value = "2GB")]
    keep: Size,
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
    /// Play a talk of some minutes by itself, again and again until somebody stops it: zero, cold start, burst, scaling
    /// out, failures, and back. Needs a range from 0. CONTAINER_CONCURRENCY is 10 unless it is set.
    #[arg(long, conflicts_with = "processors")]
    tour: bool,
    /// Print the logs of all processes.
    #[arg(short, long)]
    verbose: bool,
}

/// Runs the demo that the arguments describe.
pub async fn main() -> ExitCode {
    let args = match Args::try_parse().and_then(Args::checked) {
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

impl Args {
    /// Refuses arguments that do not fit each other.
    fn checked(self) -> Result<Self, clap::Error> {
        if self.tour && !self.scale.allows_tour() {
            let reason = format!("--tour: {}", tour::PlayError::NotPossible);
            return Err(Self::command().error(ErrorKind::ValueValidation, reason));
        }
        Ok(self)
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
        keep: args.keep,
        page: SocketAddr::new(args.host, args.port),
        scale: scale(&args),
        tour: args.tour,
        verbose: args.verbose,
        environment: std::env::vars_os().map(|(name, _)| name).collect(),
    })
    .await
}

fn scale(args: &Args) -> Scale {
    // A blank value is none, as for the services.
    let is_blank = |value: &OsString| value.to_string_lossy().trim().is_empty();
    let set = |name: &str| std::env::var_os(name).filter(|value| !is_blank(value));
    // A processor that does not accept the value says so at the start.
    let number = |name: &str, default| {
        set(name).and_then(|value| value.to_str()?.trim().parse().ok()).unwrap_or(default)
    };
    let tells_concurrency = args.tour && set(CONCURRENCY).is_none();
    let concurrency = if args.tour { TOUR_CONCURRENCY } else { DEFAULT_CONCURRENCY };
    Scale {
        range: args.processors.map_or(args.scale, Range::up_to),
        fixed: args.processors,
        window: Duration::from_secs(args.scale_window),
        concurrency: number(CONCURRENCY, concurrency).max(1),
        tells_concurrency,
        work_ms: number("WORK_MS", DEFAULT_WORK_MS),
    }
}

/// In `target`, next to the folder of the programs. All profiles share it.
fn default_data(programs: &Path) -> PathBuf {
    programs.parent().unwrap_or(programs).join("barrage-data")
}

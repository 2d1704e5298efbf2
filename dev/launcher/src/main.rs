//! `cargo demo`: all of barrage on this machine, until it is told to stop.

mod backoff;
mod data_folder;
mod demo;
mod keeper;
mod left_behind;
mod network;
mod roster;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, value_parser};

use self::{demo::Wish, keeper::WrongConfiguration};

const RELEASE: &str = "With --release, builds and runs optimised programs.";

/// Runs barrage on this machine: the page, its services, and stand-ins for Kafka and DynamoDB.
/// Variables of the services (WORK_MS, BLOCKED_WORDS, TRACING and so on) are passed on to them.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo demo [-- [--release] OPTIONS]", after_help = RELEASE)]
struct Args {
    /// Where the page listens; 0.0.0.0 = phones of the same network can open it too.
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// Port of the page; 0 = any.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder of the data and logs [default: barrage-data in the target folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Forget the data of earlier runs.
    #[arg(long)]
    fresh: bool,
    /// How many message-processors share the work.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=64))]
    processors: u16,
    /// Show what all processes log.
    #[arg(short, long)]
    verbose: bool,
}

// One thread, which lives as long as we do: children are told to die with the thread that
// started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            let wrong_configuration = error.is::<WrongConfiguration>();
            if wrong_configuration { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let programs = own.parent().context("the launcher lies in no folder")?;
    demo::run(Wish {
        data: args.data.unwrap_or_else(|| default_data(programs)),
        programs: programs.into(),
        fresh: args.fresh,
        page: SocketAddr::new(args.host, args.port),
        processors: args.processors,
        verbose: args.verbose,
        environment: std::env::vars_os().map(|(name, _)| name).collect(),
    })
    .await
}

/// Beside the folder of the programs, so in `target`, whatever the profile.
fn default_data(programs: &Path) -> PathBuf {
    programs.parent().unwrap_or(programs).join("barrage-data")
}

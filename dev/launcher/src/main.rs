//! `cargo demo`: runs all of barrage on this machine until a stop signal.

mod data_folder;
mod demo;
mod leftovers;
mod network;
mod stack_file;
mod supervisor;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, value_parser};

use self::{demo::Options, supervisor::InvalidConfiguration};

const AFTER_HELP: &str = "With --release, builds and runs optimised programs.";

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
    /// How many message-processors share the work.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=64))]
    processors: u16,
    /// Print the logs of all processes.
    #[arg(short, long)]
    verbose: bool,
}

// A single thread, because the death signal of a child is sent when the thread that started it ends.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            let invalid = error.is::<InvalidConfiguration>();
            if invalid { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let programs = own.parent().context("the launcher has no folder")?;
    demo::run(Options {
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

/// In `target`, next to the folder of the programs. All profiles share it.
fn default_data(programs: &Path) -> PathBuf {
    programs.parent().unwrap_or(programs).join("barrage-data")
}

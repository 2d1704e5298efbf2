//! `cargo measure`: what this machine carries from the form to the row, and what it costs.

mod backlog;
mod load;
mod report;

use std::{fmt::Display, process::ExitCode};

use clap::{Parser, value_parser};
use local::{bench::usage, stack::Setup};

use self::{load::Load, report::Report};

/// Starts barrage with fresh data, sends bursts, and prints what came through and what it cost.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo measure [--release] [OPTIONS]")]
struct Args {
    /// Messages per second, over all senders.
    #[arg(long, default_value_t = 2000, value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// How long to send.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=300))]
    seconds: u32,
    /// Send as fast as Kafka acknowledges, instead of at a rate.
    #[arg(long, conflicts_with = "rate")]
    flat_out: bool,
    /// Let so many records wait in Kafka, then start the router and watch it drain them.
    #[arg(long, value_name = "RECORDS", conflicts_with_all = ["rate", "seconds", "flat_out"],
          value_parser = value_parser!(u32).range(1000..=100_000_000))]
    backlog: Option<u32>,
    /// How many message-processors share the work.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=64))]
    processors: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    if let Some(records) = args.backlog {
        print(&backlog::run(records, args.processors).await?);
        return Ok(());
    }
    let load = if args.flat_out {
        Load::flat_out(args.seconds)
    } else {
        Load::at_rate(args.rate, args.seconds)
    };
    eprintln!("starting a stack with fresh data …");
    let stack = load.allowed_by(Setup::default().processors(args.processors)).start().await;
    eprintln!("sending {load} …");
    let before = usage::of(&stack)?;
    let passage = load.send(stack.homepage()).await?;
    let after = usage::of(&stack)?;
    print(&Report::new(&passage, &before, &after));
    stack.stop_all().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn print(report: &impl Display) {
    print!("{report}");
}

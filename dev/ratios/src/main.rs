//! `cargo loadtest -- ratios`: what the pipeline reaches of what Kafka, the table and its parts reach alone.

mod figures;
mod finding;
mod load;
mod machine;
mod measures;
mod ratio;
mod raw;
mod report;
mod run;
mod scope;
mod stacks;

use std::{collections::BTreeSet, fmt::Display, process::ExitCode};

use anyhow::ensure;
use clap::{Parser, value_parser};
use process::signals::Stop;
use stack::{plan::PROGRAMS, programs};

use self::{ratio::Ratio, scope::Scope};

/// Interrupted, as a shell says it.
const INTERRUPTED: u8 = 130;

/// Starts fresh local stacks, measures them and their parts in turns, and prints each ratio with the figures
/// it is made of, as a table in Markdown. Nothing else should run meanwhile.
#[derive(Debug, Parser)]
#[command(name = "ratios", override_usage = "cargo loadtest -- ratios [--release] [OPTIONS]")]
struct Args {
    /// Only these, such as P1,P5 [default: all]
    #[arg(long, value_name = "RATIOS", value_delimiter = ',', value_enum, ignore_case = true)]
    only: Vec<Ratio>,
    /// How often each figure is measured, in turns with the one it is compared with.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each figure is measured in a round, beside its warm-up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// How many records wait for P8.
    #[arg(long, value_name = "RECORDS", default_value_t = 1_000_000,
          value_parser = value_parser!(u32).range(1000..=100_000_000))]
    backlog: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether it came to its end.
async fn run(args: Args) -> anyhow::Result<bool> {
    check_built()?;
    let Args { only, rounds, seconds, backlog } = args;
    let only: BTreeSet<Ratio> = only.into_iter().collect();
    let scope = Scope { rounds, seconds, backlog, only };
    // Whatever runs when it is told to stop is dropped, and with it all processes of its stack.
    let stop = Stop::on_signal()?;
    let Some(report) = stop.requested.run_until_cancelled(run::measure(&scope)).await else {
        eprintln!("interrupted: nothing is left running");
        return Ok(false);
    };
    print(&report?);
    Ok(true)
}

fn check_built() -> anyhow::Result<()> {
    let folder = programs()?;
    let missing: Vec<_> = PROGRAMS.iter().filter(|name| !folder.join(name).is_file()).collect();
    let build = "cargo xtask build";
    ensure!(missing.is_empty(), "{missing:?} are not in {}: {build}", folder.display());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn print(report: &impl Display) {
    print!("{report}");
}

//! `cargo loadtest -- ratios`: how much of the speed of its parts the whole pipeline reaches.

mod cores;
mod cpu;
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

use std::{
    collections::BTreeSet,
    fmt::Display,
    path::{self, PathBuf},
    process::ExitCode,
};

use clap::{Parser, value_parser};
use process::signals::Stop;
use stack::plan::check_built;

use self::{
    ratio::Ratio,
    scope::{MOST_VIEWERS, Scope},
    stacks::SERVICES,
};

/// The exit code of a program that was interrupted (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Starts fresh local stacks, measures them and their parts alternately, and prints each ratio with its two
/// figures as a Markdown table. Nothing else should run on the machine meanwhile.
#[derive(Debug, Parser)]
#[command(name = "ratios", override_usage = "cargo loadtest -- ratios [--release] [OPTIONS]")]
struct Args {
    /// Only these, such as P1,P5 [default: all]
    #[arg(long, value_name = "RATIOS", value_delimiter = ',', value_enum, ignore_case = true)]
    only: Vec<Ratio>,
    /// How often each figure is measured, alternately with the one that it is compared with.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// The length of one measurement in seconds, without its warm-up. At least 10 for P15, 20 for P7@600 and P7@50, 30
    /// for P7@1 and P16.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// How many records wait for P8.
    #[arg(long, value_name = "RECORDS", default_value_t = 1_000_000,
          value_parser = value_parser!(u32).range(1000..=100_000_000))]
    backlog: u32,
    /// No measurement has more viewers than this, for machines that allow fewer open files. Aims for more are not met.
    #[arg(long, value_name = "N", default_value_t = MOST_VIEWERS,
          value_parser = value_parser!(u32).range(2..=i64::from(MOST_VIEWERS)))]
    most_viewers: u32,
    /// A folder with the services of an older build. P7 and P16 measure both builds by turns, with the same broker and table.
    #[arg(long, value_name = "DIR")]
    before: Option<PathBuf>,
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

/// False if it was interrupted.
async fn run(args: Args) -> anyhow::Result<bool> {
    stack::check_programs()?;
    let Args { only, rounds, seconds, backlog, most_viewers, before } = args;
    if let Some(folder) = &before {
        check_built(SERVICES.map(|service| folder.join(service)))?;
    }
    // Processes do not start in this folder.
    let before = before.map(path::absolute).transpose()?;
    let only: BTreeSet<Ratio> = only.into_iter().collect();
    let scope = Scope { rounds, seconds, backlog, most_viewers, before, only };
    run::allow_viewers(&scope)?;
    // An interrupted measurement is dropped, and with it all processes of its stack.
    let stop = Stop::on_signal()?;
    let Some(report) = stop.requested.run_until_cancelled(run::measure(&scope)).await else {
        eprintln!("interrupted: nothing is left running");
        return Ok(false);
    };
    print(&report?);
    Ok(true)
}

#[expect(clippy::print_stdout, reason = "the report is the output of this program")]
fn print(report: &impl Display) {
    print!("{report}");
}

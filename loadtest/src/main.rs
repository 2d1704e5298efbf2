//! The load tester: measures a barrage from outside, by the id of each message.

mod book;
mod bursts;
mod ceiling;
mod cli;
mod conclusion;
mod environment;
mod expect;
mod failures;
mod follower;
mod latency;
mod ledger;
mod messages;
mod order;
mod report;
mod run;
mod sampler;
mod schedule;
mod screen;
mod services;
mod settlement;
mod stack;
mod tag;
mod target;
mod viewers;

use std::{convert::Infallible, ffi::OsString, os::unix::process::CommandExt as _, path::Path};
use std::{process::Command, process::ExitCode};

use anyhow::Context as _;

use crate::{
    cli::{Cli, Task},
    report::{Comparison, Report},
};

/// Wrong usage, or nothing there to measure.
const UNUSABLE: u8 = 2;

// One thread: what it can do is known (`loadtest ceiling`), and the rest of the machine is barrage's.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err((text, code)) => {
            if code == 0 {
                print(&text)
            } else {
                eprint!("{text}")
            }
            return ExitCode::from(code);
        }
    };
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match (cli.task, cli.order) {
        (Some(Task::Compare { a, b }), _) => compare(&a, &b)?,
        (Some(Task::Ratios { options }), _) => match become_ratios(&options)? {},
        (Some(Task::Ceiling), _) => print(&ceiling::measure().await?.to_string()),
        (Some(Task::Schema), _) => {
            print(&(serde_json::to_string_pretty(&report::schema())? + "\n"));
        }
        (None, Some(order)) => return order::carry_out(order).await,
        (None, None) => anyhow::bail!("which barrage? Its URL is missing (--help tells more)"),
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(a: &Path, b: &Path) -> anyhow::Result<()> {
    let (a, b) = (Report::read(a)?, Report::read(b)?);
    print(&Comparison(&a, &b).to_string());
    Ok(())
}

/// Becomes the program beside this one that starts a stack of its own and knows Kafka and the table.
fn become_ratios(options: &[OsString]) -> anyhow::Result<Infallible> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("ratios");
    let error = Command::new(&program).args(options).exec();
    Err(error).with_context(|| {
        format!("{} cannot be run; cargo loadtest -- ratios builds it", program.display())
    })
}

#[expect(clippy::print_stdout, reason = "what was asked for belongs on stdout")]
fn print(text: &str) {
    print!("{text}");
}

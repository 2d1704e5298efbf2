//! The load tester: measures a barrage from outside, by the id of each message.

mod address;
mod bursts;
mod ceiling;
mod cli;
mod evaluation;
mod expect;
mod failures;
mod feed;
mod latency;
mod ledger;
mod machine;
mod measure;
mod measurements;
mod messages;
mod progress;
mod report;
mod run;
mod sampler;
mod schedule;
mod services;
mod settlement;
mod tag;
mod target;

use std::{convert::Infallible, ffi::OsString, os::unix::process::CommandExt as _, path::Path};
use std::{process::Command, process::ExitCode};

use anyhow::Context as _;

use crate::{
    cli::{Cli, Task},
    report::{Comparison, Report},
};

/// The exit code for wrong usage, or when there is nothing to measure.
const UNUSABLE: u8 = 2;

// One thread: `loadtest ceiling` says what it can send, and the other cores are left to barrage.
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
    match cli.task {
        Some(Task::Compare { a, b }) => compare(&a, &b)?,
        Some(Task::Ratios { options }) => match become_ratios(&options)? {},
        Some(Task::Ceiling) => print(&ceiling::measure().await?.to_string()),
        Some(Task::Schema) => print(&(serde_json::to_string_pretty(&report::schema())? + "\n")),
        None => return measure::measure(cli.run).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(a: &Path, b: &Path) -> anyhow::Result<()> {
    let (a, b) = (Report::read(a)?, Report::read(b)?);
    print(&Comparison(&a, &b).to_string());
    Ok(())
}

/// Becomes the program `ratios` in the folder of this one. That starts a stack of its own and does not only use HTTP.
fn become_ratios(options: &[OsString]) -> anyhow::Result<Infallible> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("ratios");
    let error = Command::new(&program).args(options).exec();
    Err(error).with_context(|| {
        format!("{} cannot be run; cargo loadtest -- ratios builds it", program.display())
    })
}

#[expect(clippy::print_stdout, reason = "the result of a command belongs on stdout")]
fn print(text: &str) {
    print!("{text}");
}

//! The load tester: measures a barrage from outside, by the id of each message.

mod address;
mod audience;
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
use tokio::runtime::{Builder, Runtime};

use crate::{
    cli::{Cli, Task},
    report::{Comparison, Report},
};

/// The exit code for wrong usage, or when there is nothing to measure.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
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
    match runtime(&cli).map_err(Into::into).and_then(|runtime| runtime.block_on(run(cli))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Half of the cores, and the others are left to barrage. `ceiling` says what one thread can send, so it has one.
fn runtime(cli: &Cli) -> std::io::Result<Runtime> {
    let mut builder = match cli.task {
        Some(Task::Ceiling) => Builder::new_current_thread(),
        Some(Task::Compare { .. } | Task::Ratios { .. } | Task::Schema) | None => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads(
                std::thread::available_parallelism().map_or(1, usize::from),
            ));
            builder
        }
    };
    builder.enable_all().build()
}

fn threads(cores: usize) -> usize {
    (cores / 2).max(1)
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

#[cfg(test)]
mod tests {
    use super::threads;

    #[test]
    fn half_of_the_cores_are_left_to_barrage() {
        assert_eq!([1, 2, 3, 8, 64].map(threads), [1, 1, 1, 4, 32]);
    }
}

//! The tasks of this repository: `cargo verify`, the whole check, and what else is at hand.

mod browser;
mod cli;
mod command;
mod real;
mod steps;
mod verify;
mod workspace;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::Task;
use crate::workspace::Workspace;

/// Exit: 0 all is well, 1 a step failed, 2 the command line is wrong.
fn main() -> ExitCode {
    match cli::parse(env::args().skip(1)) {
        Ok(task) => match run(&task) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        },
        Err(fault) => {
            eprintln!("{fault}\n{}", cli::USAGE);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for belongs on stdout")]
fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Help => println!("{}", cli::USAGE),
        Task::List => print!("{}", steps::listing()),
        Task::Verify(steps) => verify::run(&workspace()?, steps)?,
        Task::Build => workspace()?.build()?,
        Task::Real(arguments) => real::become_it(&workspace()?, arguments)?,
    }
    Ok(())
}

fn workspace() -> anyhow::Result<Workspace> {
    let chromium = env::var_os("CHROMIUM").map(PathBuf::from);
    Workspace::of(&env::current_dir()?, &env::current_exe()?, chromium)
}

//! The tasks of this repository: `cargo verify` runs the whole check, `cargo xtask help` lists the others.

mod browser;
mod cli;
mod command;
mod docs;
mod images;
mod k8s;
mod outcome;
mod real;
mod steps;
mod verify;
mod workspace;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::Task;
use crate::workspace::Workspace;

/// Exit code: 0 if all is well, 1 if a step failed, 2 if the command line is invalid.
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

#[expect(clippy::print_stdout, reason = "help and lists belong on stdout")]
fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Help => println!("{}", cli::USAGE),
        Task::List => print!("{}", steps::listing()),
        Task::Verify(steps) => verify::run(&workspace()?, steps)?,
        Task::Build => workspace()?.build()?,
        Task::Docs => docs::write(&workspace()?)?,
        Task::Images => {
            images::build(&workspace()?)?.iter().for_each(|image| println!("{image}"));
        }
        Task::Real(arguments) => real::become_it(&workspace()?, arguments)?,
    }
    Ok(())
}

fn workspace() -> anyhow::Result<Workspace> {
    let chromium = env::var_os("CHROMIUM").map(PathBuf::from);
    Workspace::of(&env::current_dir()?, &env::current_exe()?, chromium)
}

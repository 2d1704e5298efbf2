//! The command line of `cargo verify` and `cargo xtask`.

use crate::steps::{self, Step};

pub(crate) const USAGE: &str = "\
usage: cargo verify                      run the whole check, stop at the first failure
       cargo verify --only STEP[,STEP]   run these steps (and `build`, where they need it)
       cargo verify --list               list the steps
       cargo xtask build                 build every program; the end-to-end tests need them
       cargo xtask docs                  write the variables of the services into docs/configure.md,
                                         .env.example and docker-compose.yml
       cargo xtask images                build and tag the images of the services, and of the table's stand-in
       cargo xtask real up               run Apache Kafka and Dynalite on this machine
       cargo xtask real fetch            only fetch them
       cargo xtask help                  print this
programs: cargo demo, cargo loadtest and cargo chaos; each has --help";

#[derive(Debug)]
pub(crate) enum Task {
    Help,
    List,
    Verify(Vec<&'static Step>),
    Build,
    Docs,
    Images,
    /// With the arguments of the program `real`.
    Real(Vec<String>),
}

/// The error is one line for the person who typed the arguments.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    // `cargo verify -- --list` reaches us with its `--`.
    let mut arguments = arguments.filter(|argument| argument != "--");
    match arguments.next().as_deref() {
        Some("verify") => {}
        Some("build") => return Ok(Task::Build),
        Some("docs") => return Ok(Task::Docs),
        Some("images") => return Ok(Task::Images),
        Some("real") => return Ok(Task::Real(arguments.collect())),
        Some("help" | "--help" | "-h") => return Ok(Task::Help),
        Some(other) => return Err(format!("there is no task {other:?}")),
        None => return Err("which task?".into()),
    }
    let mut names = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--list" => return Ok(Task::List),
            "--only" => names = Some(arguments.next().ok_or("--only needs the name of a step")?),
            other => match other.strip_prefix("--only=") {
                Some(list) => names = Some(list.to_owned()),
                None => return Err(format!("there is no option {other:?}")),
            },
        }
    }
    steps::select(names.as_deref()).map(Task::Verify)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<Vec<&'static str>, String> {
        match parse(line.split_whitespace().map(str::to_owned))? {
            Task::Verify(steps) => Ok(steps.iter().map(|step| step.name).collect()),
            Task::Help | Task::List | Task::Build | Task::Docs | Task::Images | Task::Real(_) => {
                Err("no steps".into())
            }
        }
    }

    #[test]
    fn the_whole_check_is_the_default() {
        assert_eq!(names("verify").unwrap().len(), steps::STEPS.len());
    }

    #[test]
    fn only_keeps_the_order_of_the_whole_check() {
        assert_eq!(names("verify --only clippy,fmt").unwrap(), ["fmt", "clippy"]);
        assert_eq!(names("verify -- --only=doc").unwrap(), ["doc"]);
    }

    #[test]
    fn a_step_that_starts_our_binaries_builds_them_first() {
        assert_eq!(names("verify --only browser").unwrap(), ["build", "browser"]);
    }

    #[test]
    fn a_wrong_command_line_is_named() {
        let faults = [
            ("", "which task?"),
            ("deploy", "there is no task \"deploy\""),
            ("verify --fast", "there is no option \"--fast\""),
            ("verify --only", "--only needs the name of a step"),
        ];
        for (line, fault) in faults {
            assert_eq!(names(line).unwrap_err(), fault);
        }
        let fault = names("verify --only fmt,lint").unwrap_err();
        assert!(fault.starts_with("there is no step \"lint\"; there are: fmt, clippy"), "{fault}");
    }
}

//! Runs another program, visible to the person who waits for it.

use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Its output goes where ours goes, so that its progress is visible.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("$ {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{line}` could not be started"))?;
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// A program that has ended, and what it has printed.
#[derive(Debug)]
pub(crate) struct Ended {
    line: String,
    output: Output,
}

impl Ended {
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let line = shown(command);
        let output = command.stdin(Stdio::null()).output();
        Ok(Self { output: output.with_context(|| format!("`{line}` could not be started"))?, line })
    }

    /// Prints its output, all of it on stderr. Fails if the program did.
    pub(crate) fn show_and_check(&self) -> Result<()> {
        let Self { line, output } = self;
        eprintln!("$ {line}");
        let print = |text: &[u8]| eprint!("{}", String::from_utf8_lossy(text));
        [&output.stderr, &output.stdout].into_iter().for_each(|text| print(text));
        ensure!(output.status.success(), "`{line}` failed ({})", output.status);
        Ok(())
    }
}

/// Whether a program is installed and exits with 0 for these arguments.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_failure_that_is_shown_later_names_the_command_too() {
        let run = |script: &str| Ended::of(Command::new("sh").args(["-c", script])).unwrap();
        run("echo fine").show_and_check().unwrap();
        let error = run("exit 3").show_and_check().unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_missing_program_does_not_answer() {
        assert!(answers("sh", &["-c", "true"]));
        assert!(!answers("sh", &["-c", "false"]));
        assert!(!answers("barrage-has-no-such-program", &[]));
    }
}

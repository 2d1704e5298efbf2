//! The variables that each service reads, as its binary tells them (`--help`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) const SERVICES: &[&str] = &["event-router", "homepage", "message-processor"];

/// Variables with their defaults: `required`, or nothing where there is none.
pub(crate) type Variables = BTreeMap<String, String>;

/// The built binary, beside the folder of this test's own executable.
fn binary(service: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let path = test.ancestors().nth(2).expect("tests lie in TARGET/debug/deps").join(service);
    let build = "cargo xtask build";
    assert!(path.is_file(), "{path:?} is not there; build it first: {build}");
    path
}

/// What the binary prints and how it ends; no text when it runs on, as a service would.
fn run_without_variables(binary: &Path) -> io::Result<(Option<String>, ExitStatus)> {
    let mut command = Command::new(binary);
    command.arg("--help").env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    let (done, text) = mpsc::channel();
    thread::spawn(move || done.send(stdout.map(io::read_to_string)));
    let text = text.recv_timeout(Duration::from_secs(20)).ok().flatten();
    if text.is_none() {
        child.kill()?;
    }
    Ok((text.transpose()?, child.wait()?))
}

/// What `SERVICE --help` says.
pub(crate) fn help(service: &str) -> String {
    let (text, status) = run_without_variables(&binary(service)).expect("the binary runs");
    let text = text.unwrap_or_else(|| panic!("`{service} --help` did not end within 20 s"));
    assert!(status.success(), "`{service} --help` must exit 0, not with {status}");
    text
}

pub(crate) fn is_variable(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Lines of the form `NAME default meaning`, whose first two columns are one word each.
pub(crate) fn variables_of_help(text: &str) -> Variables {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().filter(|name| is_variable(name))?;
        Some((name.to_owned(), plain(words.next().unwrap_or_default())))
    };
    text.lines().filter_map(row).collect()
}

/// A cell without its markdown and brackets; nothing where it says that there is nothing.
pub(crate) fn plain(cell: &str) -> String {
    let cell = cell.trim_matches(['`', '(', ')']);
    if matches!(cell, "none" | "-" | "–" | "—") { String::new() } else { cell.to_owned() }
}

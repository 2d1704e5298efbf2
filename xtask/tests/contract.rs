//! What is said in several places is the same: the variables that each service reads, as its
//! binary tells them (`--help`) and as README.md does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::{fs, io};

const SERVICES: &[&str] = &["event-router", "homepage", "message-processor"];

/// Variables with their defaults: `required`, or nothing where there is none.
type Variables = BTreeMap<String, String>;

/// The built binary, beside the folder of this test's own executable.
fn binary(service: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let path = test.ancestors().nth(2).expect("tests lie in TARGET/debug/deps").join(service);
    let build = "cargo build --workspace --bins --ignore-rust-version";
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
fn help(service: &str) -> String {
    let (text, status) = run_without_variables(&binary(service)).expect("the binary runs");
    let text = text.unwrap_or_else(|| panic!("`{service} --help` did not end within 20 s"));
    assert!(status.success(), "`{service} --help` must exit 0, not with {status}");
    text
}

fn is_variable(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Lines of the form `NAME default meaning`, whose first two columns are one word each.
fn variables_of_help(text: &str) -> Variables {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().filter(|name| is_variable(name))?;
        Some((name.to_owned(), plain(words.next().unwrap_or_default())))
    };
    text.lines().filter_map(row).collect()
}

/// The rows between `<!-- variables:SERVICE[,SERVICE] -->` and `<!-- /variables -->`:
/// a table whose first two columns are the variable and its default.
fn variables_of_readme(text: &str, service: &str) -> Variables {
    let mut variables = Variables::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        let marker = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        if let Some(marker) = marker {
            let services = marker.strip_prefix("variables:").unwrap_or_default();
            inside = services.split(',').any(|name| name.trim() == service);
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        if !inside || cells.len() < 3 || !is_variable(&plain(cells[0])) {
            continue;
        }
        let twice = variables.insert(plain(cells[0]), plain(cells[1]));
        assert!(twice.is_none(), "README.md lists {} twice for {service}", cells[0]);
    }
    variables
}

/// A cell without its markdown and brackets; nothing where it says that there is nothing.
fn plain(cell: &str) -> String {
    let cell = cell.trim_matches(['`', '(', ')']);
    if matches!(cell, "none" | "-" | "–" | "—") { String::new() } else { cell.to_owned() }
}

fn names(variables: &Variables) -> BTreeSet<&str> {
    variables.keys().map(String::as_str).collect()
}

#[test]
fn the_readme_lists_the_variables_that_each_service_reads() {
    let readme = fs::read_to_string("../README.md").expect("README.md lists the variables");
    let mut faults = Vec::new();
    for service in SERVICES {
        let read = variables_of_help(&help(service));
        let listed = variables_of_readme(&readme, service);
        assert!(read.contains_key("PORT"), "`{service} --help` lists no PORT among {read:?}");
        assert!(!listed.is_empty(), "README.md has no table after <!-- variables:{service} -->");
        for name in names(&read).difference(&names(&listed)) {
            faults.push(format!("{service} reads {name}: add it to the table in README.md"));
        }
        for name in names(&listed).difference(&names(&read)) {
            faults.push(format!("README.md lists {name}, which {service} does not read"));
        }
        for (name, default) in &read {
            let said = listed.get(name).unwrap_or(default);
            if said != default {
                let says = format!("README.md says {said:?}");
                faults.push(format!("{service}: {name} defaults to {default:?}, {says}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn both_forms_of_the_table_are_read_alike() {
    let help = "a is configured by environment variables:\n\nPORT     8080       Where it listens.\n\
                TRACING  (none)     An endpoint.\nSINK     (required) Where it sends.\n";
    let readme = "<!-- variables:a,b -->\n| variable | default | meaning |\n| --- | --- | --- |\n\
                  | `PORT` | `8080` | where |\n| `TRACING` | — | an endpoint |\n\
                  | `SINK` | required | where |\n<!-- /variables -->\n| `OTHER` | | outside |\n";
    assert_eq!(variables_of_help(help).len(), 3);
    assert_eq!(variables_of_help(help), variables_of_readme(readme, "b"));
    assert!(variables_of_readme(readme, "c").is_empty());
}

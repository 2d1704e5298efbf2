//! The house rules that no lint holds. Each fault says what to do.

mod circles;
mod modules;
mod tree;
mod words;

use crate::tree::{Source, sources};

/// Names that fit any file.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// The most lines of code in a file, without comments, blank lines and unit tests.
const MAX_LINES: usize = 400;

/// Longer files, each with the reason why it is one idea all the same.
const ALLOWED: &[(&str, &str)] = &[];

const MAX_LINES_OF_MAIN: usize = 30;

/// Fails with all faults at once, so that one run is enough to correct them.
fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

/// All files that `check` finds fault with.
fn each(extensions: &[&str], check: impl Fn(&Source) -> Option<String>) {
    let sources = sources();
    let ours = sources.iter().filter(|source| extensions.contains(&source.extension()));
    report(
        ours.filter_map(|source| Some(format!("{}: {}", source.path, check(source)?))).collect(),
    );
}

#[test]
fn a_file_is_one_idea() {
    each(&["rs", "go", "js", "mjs", "css", "html", "proto", "sh"], |source| {
        let lines = source.code_without_tests().len();
        let is_allowed = ALLOWED.iter().any(|(path, _)| *path == source.path);
        match (lines > MAX_LINES, is_allowed) {
            (true, false) => Some(format!(
                "{lines} lines of code, more than {MAX_LINES}: is it one idea? \
                 Split it by idea, or give the reason in ALLOWED in xtask/tests/tidy/main.rs"
            )),
            (false, true) => Some("it is short now: take it out of ALLOWED".into()),
            (true, true) | (false, false) => None,
        }
    });
}

#[test]
fn the_mains_of_the_services_are_short() {
    each(&["rs"], |source| {
        source.path.strip_prefix("services/")?.strip_suffix("/src/main.rs")?;
        let lines = source.text.lines().count();
        let advice = format!("{lines} lines, more than {MAX_LINES_OF_MAIN}: move it into the lib");
        (lines > MAX_LINES_OF_MAIN).then_some(advice)
    });
}

#[test]
fn files_say_first_what_they_are_for() {
    each(&["rs"], |source| {
        let says = source.text.starts_with("//! ");
        (!says).then(|| "the first line must be `//!` and say what the file is for".into())
    });
    each(&["go", "js", "mjs"], |source| {
        let says = source.text.starts_with("// ") || source.text.starts_with("/* ");
        (!says).then(|| "the first line must be a comment and say what the file is for".into())
    });
}

#[test]
fn names_say_something() {
    each(&["rs", "go", "js", "mjs", "css"], |source| {
        let mut parts = source.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        let empty = parts.find(|part| EMPTY_NAMES.contains(part))?;
        Some(format!("{empty:?} says nothing: name it after what it is about"))
    });
}

#[test]
fn crates_take_the_lints_of_the_workspace() {
    each(&["toml"], |source| {
        let folder = source.path.strip_suffix("/Cargo.toml")?;
        let workspace = sources().into_iter().find(|source| source.path == "Cargo.toml")?;
        if !workspace.text.contains(&format!("    \"{folder}\",\n")) {
            return Some("not among the members in the root's Cargo.toml".into());
        }
        let takes = source.text.contains("[lints]\nworkspace = true\n");
        (!takes).then(|| "add `[lints]` with `workspace = true`".into())
    });
}

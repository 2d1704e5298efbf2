//! Every Rust file is compiled: cargo finds it by its place, or its parent module names it.

use std::collections::BTreeMap;

use crate::report;
use crate::tree::{Source, sources};

/// Folders in which each file (or `NAME/main.rs`) is a target of its own.
const TARGET_FOLDERS: &[&str] = &["src/bin", "tests", "examples", "benches"];

/// Whether cargo builds the file by its place, seen from its crate's folder.
fn is_root(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "build.rs" => folder.is_empty(),
        "lib.rs" => folder == "src",
        "main.rs" => folder == "src" || is_target_folder(folder.rsplit_once('/')),
        _ => TARGET_FOLDERS.contains(&folder),
    }
}

fn is_target_folder(folder: Option<(&str, &str)>) -> bool {
    folder.is_some_and(|(parent, _)| TARGET_FOLDERS.contains(&parent))
}

/// The module's name and the files that may declare it. A parent that nobody declares is a fault
/// of its own, so looking one step up is enough.
fn declarers(path: &str) -> (&str, Vec<String>) {
    let path = path.strip_suffix("/mod.rs").unwrap_or_else(|| path.trim_end_matches(".rs"));
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let inside = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{folder}/{file}"));
    let mut declarers = inside.to_vec();
    declarers.push(format!("{folder}.rs"));
    (name, declarers)
}

fn declares(source: &Source, name: &str) -> bool {
    let declaration = format!("mod {name};");
    source.code().any(|(_, line)| match line.strip_suffix(&declaration) {
        Some(before) => before.is_empty() || before.starts_with("pub"),
        None => false,
    })
}

#[test]
fn every_rust_file_belongs_to_a_crate() {
    let sources = sources();
    let folders: Vec<_> =
        sources.iter().filter_map(|source| source.path.strip_suffix("Cargo.toml")).collect();
    let rust: BTreeMap<_, _> = sources
        .iter()
        .filter(|source| source.extension() == "rs")
        .map(|source| (source.path.clone(), source))
        .collect();
    let mut faults = Vec::new();
    for path in rust.keys() {
        let home =
            folders.iter().filter(|folder| path.starts_with(*folder)).max_by_key(|f| f.len());
        let inner = home.and_then(|folder| path.strip_prefix(*folder)).unwrap_or(path);
        let (name, declarers) = declarers(path);
        let mut declarers = declarers.iter().filter_map(|declarer| rust.get(declarer));
        if !is_root(inner) && !declarers.any(|source| declares(source, name)) {
            faults.push(format!("{path}: never compiled: declare `mod {name};` or remove it"));
        }
    }
    report(faults);
}

#[test]
fn places_that_cargo_builds_are_known() {
    for root in ["src/lib.rs", "src/main.rs", "build.rs", "src/bin/a.rs", "tests/b/main.rs"] {
        assert!(is_root(root), "{root}");
    }
    for module in ["src/a.rs", "src/a/lib.rs", "src/bin/a/b.rs", "tests/a/b.rs", "src/build.rs"] {
        assert!(!is_root(module), "{module}");
    }
}

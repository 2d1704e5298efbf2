//! The modules of a crate import each other without circles.
//!
//! A path that begins with `crate`, `self`, `super` or the name of a child is an import, in `use` and in code.
//! `mod` and `pub use` are not: what a parent exports again leads to the child that defines it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem::take;

use crate::report;
use crate::tree::{Source, sources};

/// The parts of a path: `["kafka", "config"]` for a module, empty for the root of a crate.
type Path = Vec<String>;

/// The modules of one crate, each with the paths in its code. `true` marks those of `pub use`.
type Crate = BTreeMap<Path, Vec<(Path, bool)>>;

fn crates(sources: &[Source]) -> BTreeMap<&str, Crate> {
    let mut crates: BTreeMap<&str, Crate> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.extension() == "rs") {
        let Some((folder, file)) = source.path.split_once("/src/") else { continue };
        // A program beside a library is a crate of its own, which does little but call the library.
        let lib = format!("{folder}/src/lib.rs");
        let is_beside = file == "main.rs" && sources.iter().any(|source| source.path == lib);
        if is_beside || file.starts_with("bin/") {
            continue;
        }
        let module = match file.trim_end_matches(".rs") {
            "lib" | "main" => Path::new(),
            path => path.split('/').map(str::to_owned).collect(),
        };
        let code = source.code_without_tests().join("\n");
        crates.entry(folder).or_default().insert(module, paths(&code));
    }
    crates
}

/// All paths of some code, and whether each is exported: `pub use a::{b, c::D};` has two.
fn paths(code: &str) -> Vec<(Path, bool)> {
    let (mut paths, mut path, mut before_braces) = (Vec::new(), Path::new(), Vec::new());
    let (mut last, mut exported) = ("", false);
    for token in tokens(code) {
        let is_name = token.starts_with(is_word) || token == "*";
        if last == "::" && is_name {
            path.push(token.to_owned());
        } else if last == "::" && token == "{" {
            before_braces.push(take(&mut path));
        } else if token != "::" {
            paths.push((take(&mut path), exported));
            match token {
                "{" => before_braces.push(Path::new()),
                "}" => drop(before_braces.pop()),
                ";" => exported = false,
                "use" => exported = matches!(last, "pub" | ")"),
                "self" if before_braces.last().is_some_and(|path| !path.is_empty()) => {}
                // The name after `as` is no part of a path.
                name if is_name && last != "as" => {
                    path = before_braces.last().cloned().unwrap_or_default();
                    path.push(name.to_owned());
                }
                _ => {}
            }
        }
        last = token;
    }
    paths.retain(|(path, _)| path.len() > 1);
    paths
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ':' if rest.starts_with("::") => 2,
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// A path in `module`, from the root of its crate; `None` if it leads to another crate.
fn from_root(modules: &Crate, module: &[String], path: &[String]) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    let parent = module.split_last().map(|(_, parent)| parent);
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" if rest[0] == "super" => from_root(modules, parent?, rest),
        "super" => Some([parent?, rest].concat()),
        _ => Some([module, path].concat())
            .filter(|path| modules.contains_key(&path[..=module.len()])),
    }
}

/// The module that defines what a path from the root leads to.
fn definer(modules: &Crate, path: &[String]) -> Path {
    let is_module = |length: &usize| modules.contains_key(&path[..*length]);
    let (module, rest) = path.split_at((0..=path.len()).rev().find(is_module).unwrap_or(0));
    let exports = modules[module].iter().filter(|(_, exported)| *exported);
    let mut exports = exports.filter(|(export, _)| export.last() == rest.first());
    let again = exports.find_map(|(export, _)| from_root(modules, module, export));
    again.map_or(module.to_vec(), |path| definer(modules, &path))
}

type Imports = BTreeMap<Path, BTreeSet<Path>>;

fn imports(modules: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (module, paths) in modules {
        let imported = paths.iter().filter(|(_, exported)| !exported);
        let imported = imported.filter_map(|(path, _)| from_root(modules, module, path));
        let definers = imported.map(|path| definer(modules, &path));
        imports.insert(module.clone(), definers.filter(|other| other != module).collect());
    }
    imports
}

/// The shortest way from a module back to itself.
fn circle<'a>(imports: &'a Imports, start: &'a Path) -> Option<Vec<&'a Path>> {
    let mut reached = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        for next in &imports[way[way.len() - 1]] {
            if next == start {
                return Some(way);
            }
            if reached.insert(next) {
                ways.push_back([&way[..], &[next]].concat());
            }
        }
    }
    None
}

/// Each circle once: `a: one -> two -> one`.
fn circles(crates: &BTreeMap<&str, Crate>) -> Vec<String> {
    let name = |module: &Path| if module.is_empty() { "crate".into() } else { module.join("::") };
    let mut circles = BTreeMap::new();
    for (folder, modules) in crates {
        let imports = imports(modules);
        for way in modules.keys().filter_map(|module| circle(&imports, module)) {
            let names: Vec<_> = way.iter().chain(&way[..1]).map(|module| name(module)).collect();
            let modules: BTreeSet<_> = names.iter().cloned().collect();
            circles
                .entry((*folder, modules))
                .or_insert(format!("{folder}: {}", names.join(" -> ")));
        }
    }
    circles.into_values().collect()
}

#[test]
fn modules_import_each_other_without_circles() {
    let sources = sources();
    let crates = crates(&sources);
    assert!(crates.len() > 10, "only {:?}", crates.keys());
    let advice = "move what both need to a module of its own, below both";
    report(circles(&crates).iter().map(|circle| format!("{circle}: {advice}")).collect());
}

#[test]
fn circles_are_found_through_children_and_exports() {
    let files = [
        ("a/src/lib.rs", "mod up; mod down; pub use down::Deep;"),
        ("a/src/up.rs", "use crate::{self as root, Deep};"),
        ("a/src/down.rs", "mod deep; pub(crate) use self::deep::{Deep, other::X as Y};"),
        ("a/src/down/deep.rs", "struct Deep; fn f() { super::super::up::f() }"),
        ("b/src/main.rs", "mod child; use child::Child; struct Item;"),
        ("b/src/child.rs", "use std::fs; struct Child; #[doc] use super::*;"),
        ("c/src/lib.rs", "mod one; mod two; fn f() { one::f(); two::f() }"),
        ("c/src/one.rs", "use crate::two::{self, f};"),
        ("c/src/two.rs", "use other::one::f;"),
    ];
    let source = |(path, text): (&str, &str)| Source { path: path.into(), text: text.into() };
    let sources = files.map(source);
    let expected = ["a: down::deep -> up -> down::deep", "b: crate -> child -> crate"];
    assert_eq!(circles(&crates(&sources)), expected);
}

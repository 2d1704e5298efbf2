//! Which crate may depend on which. Arrows point one way: services -> crates -> proto.
//!
//! What starts, breaks and measures the services (`dev`, `e2e`, `loadtest`, `xtask`) knows them only as
//! processes: a stand-in or a ledger that shared their code would share their mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The folders that crates below a folder may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("crates", &["proto"]),
    ("services", &["crates", "proto"]),
    // The gRPC contract is no service: a proxy that tests put before a processor speaks it.
    ("dev", &["dev", "proto"]),
    ("loadtest", &["dev/client"]),
    ("e2e", &["dev", "xtask"]),
    ("xtask", &[]),
];

/// A foreign crate (`*` ends a family) and the folders whose crates may use it.
const HOMES: &[(&str, &[&str])] = &[
    ("rdkafka*", &["crates", "dev", "e2e"]),
    ("aws-*", &["crates", "dev", "e2e"]),
    ("opentelemetry*", &["crates", "e2e"]),
    ("metrics-exporter-*", &["crates"]),
    ("tracing-subscriber", &["crates", "dev"]),
    // The load tester measures itself against a bare endpoint, and the ratios the homepage.
    ("actix-*", &["services/homepage", "loadtest", "dev/ratios"]),
    ("askama*", &["services/homepage", "loadtest"]),
    ("governor", &["services/homepage"]),
    ("tonic*", &["proto", "services/event-router", "services/message-processor", "dev", "e2e"]),
    ("prost*", &["proto", "e2e"]),
    ("dynoxide-*", &["dev/stand-ins/table"]),
    ("nisshi-*", &["dev/stand-ins/broker"]),
    ("rama", &["dev/stand-ins/broker"]),
    ("libsql", &["dev/stand-ins/broker"]),
    ("rusqlite", &["dev/stand-ins/table"]),
    // The homepage raises its limit of open files.
    ("nix", &["services/homepage", "dev", "loadtest", "e2e"]),
    ("reqwest", &["services/homepage", "dev", "e2e"]),
    // The services have an environment, no arguments.
    ("clap", &["dev", "loadtest"]),
    // For programs; a library has errors that can be matched.
    ("anyhow", &["services", "dev", "loadtest", "xtask"]),
];

/// Foreign crates that only the tests of a crate use.
const TESTS: &[(&str, &[&str])] =
    &[("services/message-processor", &["opentelemetry*", "prost*", "nix", "reqwest"])];

/// One arrow: a package names another one as a dependency.
struct Edge {
    /// The folder of the package, from the root of the checkout.
    from: String,
    /// The name of the other package, and its folder if it is ours.
    to: String,
    folder: Option<String>,
    tests_only: bool,
    features: Vec<Value>,
}

fn edges() -> Vec<Edge> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().expect("cargo metadata has a text here").to_owned();
    let list = |value: &Value| value.as_array().expect("cargo metadata has a list here").clone();
    let root = text(&metadata["workspace_root"]) + "/";
    let inside = |path: &str| path.strip_prefix(&root).expect("all are in the checkout").to_owned();
    let mut edges = Vec::new();
    for package in list(&metadata["packages"]) {
        let from = inside(text(&package["manifest_path"]).trim_end_matches("/Cargo.toml"));
        for dependency in list(&package["dependencies"]) {
            edges.push(Edge {
                from: from.clone(),
                to: text(&dependency["name"]),
                folder: dependency["path"].as_str().map(inside),
                tests_only: dependency["kind"] == "dev",
                features: list(&dependency["features"]),
            });
        }
    }
    assert!(edges.len() > 50, "cargo metadata lists only {} dependencies", edges.len());
    edges
}

fn is_below(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| Path::new(path).starts_with(folder))
}

fn is_one_of(name: &str, families: &[&str]) -> bool {
    families.iter().any(|family| match family.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *family,
    })
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn our_crates_depend_only_downwards() {
    let mut faults = Vec::new();
    for Edge { from, folder, .. } in edges() {
        let Some(to) = folder else { continue };
        let layer = LAYERS.iter().find(|(layer, _)| is_below(&from, &[layer]));
        let (_, allowed) = layer.unwrap_or_else(|| panic!("{from} is in no layer"));
        if !is_below(&to, allowed) {
            faults.push(format!("{from} must not depend on {to}, only on {allowed:?}"));
        }
    }
    report(&faults);
}

/// The feature `direct` of the client knows Kafka and the table.
#[test]
fn the_load_tester_measures_from_outside() {
    let edges = edges();
    let edge = edges.iter().find(|edge| edge.from == "loadtest" && edge.to == "client");
    let features = &edge.expect("the load tester uses the client").features;
    assert!(features.is_empty(), "{features:?}: the load tester may only use HTTP");
}

#[test]
fn foreign_crates_have_one_home() {
    let mut faults = Vec::new();
    for Edge { from, to, tests_only, .. } in edges() {
        let in_tests = TESTS.iter().any(|(of, families)| from == *of && is_one_of(&to, families));
        let home = HOMES.iter().find(|(family, _)| is_one_of(&to, &[family]));
        let Some((_, home)) = home.filter(|_| !(tests_only && in_tests)) else { continue };
        if !is_below(&from, home) {
            faults.push(format!("{from} must not use {to}; it belongs to {home:?}"));
        }
    }
    report(&faults);
}

#[test]
fn xtask_builds_in_seconds() {
    let heavy: Vec<_> = edges()
        .into_iter()
        .filter(|edge| edge.from == "xtask" && !edge.tests_only && edge.to != "anyhow")
        .map(|edge| format!("xtask uses {}; every `cargo demo` would build it first", edge.to))
        .collect();
    report(&heavy);
}

/// A foreign crate, a folder, and the only files in it that may name this crate (paths that begin so).
const NAMED: &[(&str, &str, &str)] = &[
    ("rdkafka", "crates/barrage/src/", "crates/barrage/src/kafka"),
    ("opentelemetry", "crates/barrage/src/", "crates/barrage/src/telemetry"),
    ("opentelemetry_sdk", "crates/barrage/src/", "crates/barrage/src/telemetry"),
    ("opentelemetry_otlp", "crates/barrage/src/", "crates/barrage/src/telemetry"),
    ("aws_sdk_dynamodb", "crates/barrage/src/", "crates/barrage/src/table"),
    ("aws_smithy_http_client", "crates/barrage/src/", "crates/barrage/src/table"),
    ("aws_smithy_types", "crates/barrage/src/", "crates/barrage/src/table"),
    ("anyhow", "services/homepage/src/", "services/homepage/src/main.rs"),
    ("anyhow", "services/event-router/src/", "services/event-router/src/main.rs"),
    ("anyhow", "services/message-processor/src/", "services/message-processor/src/main.rs"),
];

#[test]
fn modules_keep_foreign_names_to_themselves() {
    let mut faults = Vec::new();
    for (foreign, folder, home) in NAMED {
        for path in rust_files(&Path::new("..").join(folder)) {
            let name = path.strip_prefix("..").unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if !name.starts_with(home) && code.any(|line| names(line, foreign)) {
                faults.push(format!("{name} names {foreign}; only {home}* may"));
            }
        }
    }
    report(&faults);
}

/// Whether a line of code uses a path into that crate.
fn names(line: &str, foreign: &str) -> bool {
    line.match_indices(&format!("{foreign}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

//! Which crate may depend on which: services -> barrage -> proto, and one home for each foreign
//! crate. `dev`, `e2e` and `xtask` know the services only as processes, because a stand-in or a ledger
//! that shared our code would share our bugs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const SERVICES: &[&str] = &["event-router", "homepage", "message-processor"];

/// What each crate may use of our own.
fn allowed(package: &str) -> &'static [&'static str] {
    match package {
        "barrage" => &["proto"],
        service if SERVICES.contains(&service) => &["barrage", "proto"],
        // The contract is no service: the front that tests put before a processor speaks it.
        "faults" => &["client", "proto"],
        "broker" | "table" => &["process"],
        "stack" => &["client", "faults", "process"],
        "launcher" => &["client", "process", "stack"],
        "chaos" | "e2e" => &["client", "faults", "process", "stack"],
        "ratios" => &["client", "faults", "process", "proto", "stack"],
        _ => &[],
    }
}

/// A foreign crate (`*` ends a family), where it lives, and whose tests may use it as well.
struct Home {
    of: &'static str,
    normal: &'static [&'static str],
    tests: &'static [&'static str],
}

const HOMES: &[Home] = &[
    Home { of: "rdkafka*", normal: &["barrage", "chaos", "client", "ratios"], tests: &["e2e"] },
    Home { of: "aws-*", normal: &["barrage", "client"], tests: &["e2e"] },
    Home { of: "opentelemetry*", normal: &["barrage"], tests: &["e2e", "message-processor"] },
    Home { of: "metrics-exporter-*", normal: &["barrage"], tests: &[] },
    Home { of: "tracing-subscriber", normal: &["barrage", "process"], tests: &[] },
    // The load tester measures itself against a bare endpoint.
    Home { of: "actix-*", normal: &["homepage", "loadtest"], tests: &[] },
    Home { of: "askama*", normal: &["homepage", "loadtest"], tests: &[] },
    Home { of: "governor", normal: &["homepage"], tests: &[] },
    Home {
        of: "tonic*",
        normal: &["event-router", "faults", "message-processor", "proto"],
        tests: &["e2e"],
    },
    Home { of: "prost*", normal: &["proto"], tests: &["e2e", "message-processor"] },
    Home { of: "dynoxide-*", normal: &["table"], tests: &[] },
    Home { of: "nisshi-*", normal: &["broker"], tests: &[] },
    Home {
        of: "nix",
        normal: &["faults", "launcher", "loadtest", "process", "stack"],
        tests: &["e2e", "message-processor"],
    },
    Home {
        of: "reqwest",
        normal: &["broker", "chaos", "client", "faults", "loadtest", "ratios"],
        tests: &["e2e", "message-processor"],
    },
    Home {
        of: "clap",
        normal: &["broker", "chaos", "launcher", "loadtest", "process", "ratios", "stack", "table"],
        tests: &[],
    },
    Home {
        of: "anyhow",
        normal: &[
            "broker",
            "chaos",
            "event-router",
            "homepage",
            "launcher",
            "loadtest",
            "message-processor",
            "ratios",
            "stack",
            "table",
            "xtask",
        ],
        tests: &["barrage", "proto"],
    },
];

/// One arrow: this package names that one, for its tests only or for all it does.
struct Edge {
    from: String,
    to: String,
    ours: bool,
    tests_only: bool,
}

fn edges() -> Vec<Edge> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let list = |value: &Value| value.as_array().expect("cargo metadata lists it").clone();
    let name = |value: &Value| value["name"].as_str().expect("a package has a name").to_owned();
    let mut edges = Vec::new();
    for package in list(&metadata["packages"]) {
        for dependency in list(&package["dependencies"]) {
            edges.push(Edge {
                from: name(&package),
                to: name(&dependency),
                ours: dependency["path"].is_string(),
                tests_only: dependency["kind"] == "dev",
            });
        }
    }
    assert!(edges.len() > 50, "cargo metadata lists only {} dependencies", edges.len());
    edges
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn our_crates_depend_only_downwards() {
    let upwards = |edge: &&Edge| edge.ours && !allowed(&edge.from).contains(&edge.to.as_str());
    let fault = |edge: Edge| {
        let allowed = allowed(&edge.from);
        format!("{} must not depend on {}; of ours it may use {allowed:?}", edge.from, edge.to)
    };
    let faults: Vec<_> = edges().into_iter().filter(|edge| upwards(&edge)).map(fault).collect();
    report(&faults);
}

#[test]
fn foreign_crates_have_one_home() {
    let mut faults = Vec::new();
    for edge in edges() {
        let is_of = |home: &&Home| match home.of.strip_suffix('*') {
            Some(family) => edge.to.starts_with(family),
            None => edge.to == home.of,
        };
        let Some(home) = HOMES.iter().find(is_of) else { continue };
        let from = edge.from.as_str();
        let may = home.normal.contains(&from) || (edge.tests_only && home.tests.contains(&from));
        if !may {
            let (normal, to) = (home.normal, &edge.to);
            faults.push(format!("{from} must not use {to}; it lives in {normal:?}"));
        }
    }
    report(&faults);
}

#[test]
fn the_tasks_build_in_seconds() {
    let heavy: Vec<_> = edges()
        .into_iter()
        .filter(|edge| edge.from == "xtask" && !edge.tests_only && edge.to != "anyhow")
        .map(|edge| format!("xtask uses {}; every `cargo demo` would build it first", edge.to))
        .collect();
    report(&heavy);
}

/// A foreign crate that only these files of a folder may name, as paths that begin so.
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

//! Tests build the same dependencies as the services: cargo builds a dependency again for every
//! set of features, and a dev-dependency that adds one to serde_json doubles a cold build.

use std::collections::BTreeSet;
use std::process::Command;

/// Each package with its version and features, one line each.
fn packages(edges: &str) -> BTreeSet<String> {
    let output = Command::new("cargo")
        .args(["tree", "--workspace", "--prefix", "none", "--format", "{p} {f}", "--edges", edges])
        .output()
        .expect("cargo runs, since it runs this test");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree --edges {edges}: {complaint}");
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    lines.lines().map(|line| line.trim_end_matches("(*)").trim_end().to_owned()).collect()
}

#[test]
fn tests_add_no_feature_to_what_the_services_depend_on() {
    let services = packages("normal,build");
    let tests = packages("normal,build,dev");
    assert!(services.len() > 100, "cargo tree lists only {} packages", services.len());
    let changed: Vec<_> = services.difference(&tests).cloned().collect();
    assert!(
        changed.is_empty(),
        "a dev-dependency adds features to these, so `cargo test` builds them and all that use \
         them once more. Do without it, or give the feature to a normal dependency too:\n  {}",
        changed.join("\n  ")
    );
}

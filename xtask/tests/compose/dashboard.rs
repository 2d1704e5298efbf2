//! The Grafana dashboard shows metrics that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// How the names of our metrics begin.
const OURS: &[&str] = &["barrage_", "homepage_", "processor_", "router_", "process_"];

/// The metrics in the queries of the dashboard.
fn shown() -> BTreeSet<String> {
    let text =
        fs::read_to_string("../compose/grafana/dashboards/barrage.json").expect("it is there");
    let dashboard: Value = serde_json::from_str(&text).expect("a dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries = targets.filter_map(|target| target["expr"].as_str());
    let words = queries.flat_map(|query| query.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let ours = words.filter(|word| OURS.iter().any(|begin| word.starts_with(begin)));
    ours.map(|word| {
        let parts = ["_bucket", "_sum", "_count"];
        parts.iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word).to_owned()
    })
    .collect()
}

/// Adds all Rust code in a folder to `text`.
fn code(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            code(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &fs::read_to_string(&path).expect("text is UTF-8");
        }
    }
}

#[test]
fn the_dashboard_shows_metrics_that_exist() {
    let mut text = String::new();
    for folder in ["../crates", "../services"] {
        code(Path::new(folder), &mut text);
    }
    let shown = shown();
    assert!(shown.len() > 10, "the dashboard shows only {shown:?}");
    let missing: Vec<_> =
        shown.iter().filter(|name| !text.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "the dashboard shows what no service has: {missing:?}");
}

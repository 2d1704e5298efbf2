//! docs/operate.md lists the metrics that the code has, and the Grafana dashboard shows no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// How the names of our metrics begin. Those of the process come from a library.
const OURS: &[&str] = &["barrage_build_", "barrage_table_", "homepage_", "processor_", "router_"];

/// The names of our metrics among some words.
fn ours<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let is_name = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_ours = |word: &&str| OURS.iter().any(|begin| word.starts_with(begin));
    words.filter(is_name).filter(is_ours).map(str::to_owned).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Those that the code names, as strings.
fn in_code(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            names.extend(in_code(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text is UTF-8");
            names.extend(ours(text.split('"').skip(1)));
        }
    }
    names
}

/// Those in the first column of the table in docs/operate.md.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string("../docs/operate.md").expect("docs/operate.md is there");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    ours(rows.filter_map(|row| words(row).next()))
}

/// The queries of the dashboard.
fn queries() -> Vec<String> {
    let file = "../compose/grafana/dashboards/barrage.json";
    let text = fs::read_to_string(file).expect("the dashboard is there");
    let dashboard: Value = serde_json::from_str(&text).expect("a dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.filter_map(|target| target["expr"].as_str()).map(str::to_owned).collect()
}

/// The metrics in the queries of the dashboard.
fn shown() -> BTreeSet<String> {
    let queries = queries();
    let parts = ["_bucket", "_sum", "_count"];
    let metric = |word| parts.iter().find_map(|part| str::strip_suffix(word, part)).unwrap_or(word);
    ours(queries.iter().flat_map(|query| words(query)).map(metric))
}

#[test]
fn the_documented_metrics_are_those_in_the_code() {
    let code = &in_code(Path::new("../crates")) | &in_code(Path::new("../services"));
    let documented = documented();
    let lacks: Vec<_> = code.difference(&documented).collect();
    assert!(lacks.is_empty(), "docs/operate.md lacks these metrics: {lacks:?}");
    let gone: Vec<_> = documented.difference(&code).collect();
    assert!(gone.is_empty(), "docs/operate.md lists metrics that no service has: {gone:?}");
}

#[test]
fn the_dashboard_shows_documented_metrics() {
    let shown = shown();
    assert!(shown.len() > 10, "the dashboard shows only {shown:?}");
    let unknown: Vec<_> = shown.difference(&documented()).cloned().collect();
    assert!(unknown.is_empty(), "the dashboard shows what no service has: {unknown:?}");
}

#[test]
fn the_dashboard_shows_every_way_in_which_a_record_ends() {
    let text = fs::read_to_string("../docs/operate.md").expect("docs/operate.md is there");
    let metric = "| `router_records_total{outcome=\"";
    let (_, after) = text.split_once(metric).expect("the metric is documented");
    let (outcomes, _) = after.split_once('"').expect("the label ends");
    let outcomes: Vec<_> = outcomes.split("\\|").collect();
    assert!(outcomes.len() > 1, "docs/operate.md lists only {outcomes:?}");
    let queries = queries();
    for outcome in outcomes {
        let series = format!("router_records_total{{outcome=\"{outcome}\"}}");
        assert!(queries.iter().any(|query| query.contains(&series)), "it shows no {series}");
    }
}

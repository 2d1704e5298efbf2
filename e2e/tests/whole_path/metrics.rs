//! What Prometheus reads of a stack to which nothing has happened yet.

use std::collections::{BTreeMap, BTreeSet};

use client::eventually::eventually;
use serde_json::Value;
use stack::{
    Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
};

const DASHBOARD: &str = include_str!("../../../compose/grafana/dashboards/barrage.json");

async fn scrape(stack: &Stack, service: &str) -> String {
    let url = format!("http://{}/metrics", stack.address(service));
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

/// Each metric with its type. All samples must follow the lines that describe their metric.
fn metrics(text: &str) -> BTreeMap<&str, &str> {
    let (mut metrics, mut help) = (BTreeMap::new(), "");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(described) = line.strip_prefix("# HELP ") {
            let (name, text) = described.split_once(' ').unwrap();
            assert!(!text.is_empty(), "{name} has no help");
            help = name;
        } else if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            assert_eq!(name, help, "{name} has no help");
            metrics.insert(name, kind);
        } else {
            assert!(line.starts_with(help), "{line} is not of {help}");
        }
    }
    metrics
}

#[tokio::test]
async fn every_metric_is_described_and_named_as_prometheus_expects() {
    let stack = Stack::start().await;
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        let text = scrape(&stack, service).await;
        for (name, kind) in metrics(&text) {
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
            let reserved = ["_count", "_sum", "_bucket"].iter().any(|it| name.ends_with(it));
            assert!(!reserved && name == name.to_lowercase(), "{name}");
        }
        let build = format!("barrage_build_info{{service=\"{service}\",version=\"");
        assert!(text.contains(&build), "{service}: {text}");
    }
}

#[tokio::test]
async fn a_dashboard_has_all_its_metrics_before_anything_happens() {
    let stack = Stack::start().await;
    eventually("the router knows its partitions", async || {
        scrape(&stack, ROUTER).await.contains("router_partition_end_offset{")
    })
    .await;
    let mut text = String::new();
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        text += &scrape(&stack, service).await;
    }
    let series: BTreeSet<_> =
        text.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let ours = ["barrage_", "homepage_", "router_", "processor_", "process_"];
    let is_word = |c: char| !c.is_alphanumeric() && c != '_';
    let words = targets.flat_map(|target| target["expr"].as_str().unwrap().split(is_word));
    let names: BTreeSet<_> =
        words.filter(|word| ours.iter().any(|begin| word.starts_with(begin))).collect();
    assert!(names.len() > 15, "{names:?}");
    let missing: Vec<_> = names.difference(&series).collect();
    assert!(missing.is_empty(), "the dashboard shows {missing:?}, which no service has");
}

#[tokio::test]
async fn what_can_fail_is_counted_from_zero() {
    let stack = Stack::start().await;
    for (service, series) in [
        (HOMEPAGE, "homepage_messages_total{outcome=\"accepted\"} 0"),
        (HOMEPAGE, "homepage_messages_total{outcome=\"failed\"} 0"),
        (HOMEPAGE, "homepage_feed_requests_total "),
        (HOMEPAGE, "barrage_table_reads_total "),
        (ROUTER, "router_retries_total 0"),
        (ROUTER, "router_records_total{outcome=\"dead_lettered\"} 0"),
        (ROUTER, "router_call_failures_total{code=\"Unavailable\"} 0"),
        (ROUTER, "router_call_duration_seconds_count 0"),
        (PROCESSOR, "processor_records_total{outcome=\"rejected\"} 0"),
        (PROCESSOR, "barrage_table_unprocessed_total 0"),
    ] {
        let text = scrape(&stack, service).await;
        assert!(text.contains(&format!("\n{series}")), "{service} lacks {series}:\n{text}");
    }
}

#[tokio::test]
async fn the_lag_of_each_partition_grows_while_no_processor_works_and_ends_with_it() {
    let mut stack = Stack::start().await;
    let sum = async |stack: &Stack, name: &str| {
        let text = scrape(stack, ROUTER).await;
        let values = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        values.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum::<f64>()
    };
    stack.kill(PROCESSOR).await;
    for n in 0..5 {
        assert_eq!(stack.post_message(&format!("hello {n}")).await.status.as_u16(), 202);
    }
    eventually("five messages wait", async || {
        sum(&stack, "router_partition_lag_records").await == 5.0
    })
    .await;
    stack.start_again(PROCESSOR).await;
    eventually("nothing waits", async || {
        sum(&stack, "router_partition_committed_offset").await == 5.0
            && sum(&stack, "router_partition_lag_records").await == 0.0
    })
    .await;
    assert_eq!(sum(&stack, "router_partition_end_offset").await, 5.0);
}

//! The stack in which all breaks: each service that can be there more often is.

use std::sync::Arc;

use client::{homepage::Homepage, kafka::Record};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};
use tempfile::TempDir;

use crate::{
    load::BLOCKED_WORD,
    schedule::{Kind, Target},
};

/// The second ones.
const SECOND_ROUTER: &str = "event-router-2";
const SECOND_HOMEPAGE: &str = "homepage-2";

/// The ways on which messages go. A second service goes those of the first.
const WAYS: [(&str, &str); 7] = [
    (HOMEPAGE, BROKER),
    (ROUTER, BROKER),
    (ROUTER, "message-processor-1"),
    (ROUTER, "message-processor-2"),
    (ROUTER, "message-processor-3"),
    (PROCESSOR, TABLE),
    (HOMEPAGE, TABLE),
];

/// Filters one message in 16: an id ends in a random hexadecimal digit.
const FILTERED: char = '0';

/// Two homepages, two routers and three processors, on this data.
pub(crate) async fn start(data: Arc<TempDir>, seed: u64) -> Stack {
    let filters = format!(r#"[{{"not":{{"suffix":{{"id":"{FILTERED}"}}}}}}]"#);
    let setup = Setup::default()
        .processors(3)
        .data(data)
        .tcp_proxies()
        .table_proxy(seed)
        .var(ROUTER, "FILTERS", &filters)
        .var(PROCESSOR, "BLOCKED_WORDS", BLOCKED_WORD);
    let mut stack = setup.start().await;
    stack.scale_out(ROUTER, SECOND_ROUTER).await;
    stack.scale_out(HOMEPAGE, SECOND_HOMEPAGE).await;
    stack
}

/// Both homepages.
pub(crate) fn homepages(stack: &Stack) -> Vec<Homepage> {
    vec![stack.homepage().clone(), stack.homepage_at(SECOND_HOMEPAGE)]
}

/// All that can break.
pub(crate) fn targets(stack: &Stack) -> Vec<Target> {
    let process = |name| Target { name, kind: Kind::Process };
    let way = |(from, to)| Target { name: format!("{from} to {to}"), kind: Kind::Way(from, to) };
    let table = Target { name: "the table's answers".into(), kind: Kind::Table };
    let processes = stack.names().into_iter().map(process);
    // The table's answers break in more ways than anything else, so they have two chances.
    processes.chain(WAYS.map(way)).chain([table.clone(), table]).collect()
}

/// Whether the router's filters hold a record back.
pub(crate) fn is_filtered(record: &Record) -> bool {
    record.headers.get("ce_id").is_some_and(|id| id.ends_with(FILTERED))
}

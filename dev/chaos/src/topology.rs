//! The stack that chaos breaks: two homepages, two routers, three processors, one broker and one table.

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

const SECOND_ROUTER: &str = "event-router-2";
const SECOND_HOMEPAGE: &str = "homepage-2";

/// The network connections that can break. The second router and homepage use those of the first.
const CONNECTIONS: [(&str, &str); 7] = [
    (HOMEPAGE, BROKER),
    (ROUTER, BROKER),
    (ROUTER, "message-processor-1"),
    (ROUTER, "message-processor-2"),
    (ROUTER, "message-processor-3"),
    (PROCESSOR, TABLE),
    (HOMEPAGE, TABLE),
];

/// The router filters messages whose id ends in this random hexadecimal digit: one in 16.
const FILTERED: char = '0';

/// Starts the stack on this data.
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

pub(crate) fn homepages(stack: &Stack) -> Vec<Homepage> {
    vec![stack.homepage().clone(), stack.homepage_at(SECOND_HOMEPAGE)]
}

/// Every process, network connection and other part that can break.
pub(crate) fn targets(stack: &Stack) -> Vec<Target> {
    let process = |name| Target { name, kind: Kind::Process };
    let network =
        |(from, to)| Target { name: format!("{from} to {to}"), kind: Kind::Network(from, to) };
    let table = Target { name: "the table's answers".into(), kind: Kind::Table };
    let processes = stack.names().into_iter().map(process);
    // The table has the most kinds of faults, so it is twice as likely as any other target.
    processes.chain(CONNECTIONS.map(network)).chain([table.clone(), table]).collect()
}

/// Whether the router's filters stop a record.
pub(crate) fn is_filtered(record: &Record) -> bool {
    record.headers.get("ce_id").is_some_and(|id| id.ends_with(FILTERED))
}

//! The stack that chaos breaks: two homepages, two routers, three processors, one broker and one table. Where the
//! processors come and go, there is one router: the autoscaler asks one.

use std::sync::Arc;

use client::{homepage::Homepage, kafka::Content};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};
use tempfile::TempDir;

use crate::{
    load::BLOCKED_WORD,
    processors::{Processors, Scale},
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

/// What a message costs where the processors come and go, and how many calls each works on at a time: the load wants
/// about four of them, and what waits after a fault wants more.
const COSTLY: [(&str, &str); 2] = [("WORK_MS", "100"), ("CONTAINER_CONCURRENCY", "10")];

/// Starts the stack on this data, and its processors where they come and go.
pub(crate) async fn start(
    data: Arc<TempDir>,
    seed: u64,
    scale: Option<Scale>,
) -> (Stack, Option<Processors>) {
    let filters = format!(r#"[{{"not":{{"suffix":{{"id":"{FILTERED}"}}}}}}]"#);
    let setup = Setup::default()
        .data(data)
        .tcp_proxies()
        .table_proxy(seed)
        .var(ROUTER, "FILTERS", &filters)
        .var(PROCESSOR, "BLOCKED_WORDS", BLOCKED_WORD);
    let (mut stack, processors) = match scale {
        None => {
            let mut stack = setup.processors(3).start().await;
            stack.scale_out(ROUTER, SECOND_ROUTER).await;
            (stack, None)
        }
        Some(scale) => {
            let set = |setup: Setup, (name, value)| setup.var(PROCESSOR, name, value);
            let mut stack = COSTLY.into_iter().fold(setup.sink_file(), set).start().await;
            let processors = Processors::start(&mut stack, scale).await;
            (stack, Some(processors))
        }
    };
    stack.scale_out(HOMEPAGE, SECOND_HOMEPAGE).await;
    (stack, processors)
}

pub(crate) fn homepages(stack: &Stack) -> Vec<Homepage> {
    vec![stack.homepage().clone(), stack.homepage_at(SECOND_HOMEPAGE)]
}

/// Every process, network connection and other part that can break.
pub(crate) fn targets(stack: &Stack, scales: bool) -> Vec<Target> {
    let process = |name| Target { name, kind: Kind::Process };
    let network =
        |(from, to)| Target { name: format!("{from} to {to}"), kind: Kind::Network(from, to) };
    let names = stack.names();
    let is_there = |(_, to): &(&str, &str)| !scales || !to.starts_with(PROCESSOR);
    let table = Target { name: "the table's answers".into(), kind: Kind::Table };
    let any = Target { name: PROCESSOR.into(), kind: Kind::AnyProcessor };
    // As likely as three of them.
    let any = vec![any; if scales { 3 } else { 0 }];
    let networks = CONNECTIONS.into_iter().filter(is_there).map(network);
    // The table has the most kinds of faults, so it is twice as likely as any other target.
    let processes = names.into_iter().map(process);
    processes.chain(any).chain(networks).chain([table.clone(), table]).collect()
}

/// Whether the router's filters stop a record.
pub(crate) fn is_filtered(record: &Content) -> bool {
    record.text("ce_id").is_some_and(|id| id.ends_with(FILTERED))
}

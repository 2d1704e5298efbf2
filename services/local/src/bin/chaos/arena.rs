//! The stack in which all breaks: each service that can be there more often is.

use std::sync::Arc;

use local::{
    bench::kafka::Record,
    homepage::Homepage,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
    stack::{Setup, Stack},
};
use tempfile::TempDir;

use crate::{
    load::BLOCKED_WORD,
    schedule::{Fault, Target},
};

/// The second ones.
const SECOND_ROUTER: &str = "event-router-2";
const SECOND_HOMEPAGE: &str = "homepage-2";

/// Filters one message in 16: an id ends in a random hexadecimal digit.
const FILTERED: char = '0';

/// Two homepages, two routers and three processors, on this data.
pub(crate) async fn start(data: Arc<TempDir>) -> Stack {
    let filters = format!(r#"[{{"not":{{"suffix":{{"id":"{FILTERED}"}}}}}}]"#);
    let setup = Setup::default().processors(3).data(data).var(ROUTER, "FILTERS", &filters).var(
        PROCESSOR,
        "BLOCKED_WORDS",
        BLOCKED_WORD,
    );
    let mut stack = setup.start().await;
    stack.scale_out(ROUTER, SECOND_ROUTER).await;
    stack.scale_out(HOMEPAGE, SECOND_HOMEPAGE).await;
    stack
}

/// Both homepages.
pub(crate) fn homepages(stack: &Stack) -> Vec<Homepage> {
    let second = Homepage::new(stack.address(SECOND_HOMEPAGE)).expect("an HTTP client");
    vec![stack.homepage().clone(), second]
}

/// All that can break.
pub(crate) fn targets(stack: &Stack) -> Vec<Target> {
    let process = |name| Target { name, faults: Fault::OF_PROCESSES };
    stack.names().into_iter().map(process).collect()
}

/// Whether the router's filters hold a record back.
pub(crate) fn is_filtered(record: &Record) -> bool {
    record.headers.get("ce_id").is_some_and(|id| id.ends_with(FILTERED))
}

//! The homepage learns from Kafka which part is down: from the members of the router's group, and from what the router
//! writes beside its committed offsets.

use std::time::Duration;

use client::eventually::within;
use serde_json::Value;
use stack::plan::name::{HOMEPAGE, PROCESSOR, ROUTER};

use crate::case::{Case, Numbers, message};

/// A member that was killed stays one until its session ends, after 6 s.
const NAMED: Duration = Duration::from_secs(20);

/// Waits until the page names this part, and returns the text.
async fn text(case: &Case, part: &str) -> String {
    let mut text = None;
    within(NAMED, "the page names the part", async || {
        text = case.problem(part).await["text"].as_str().map(str::to_owned);
        text.is_some()
    })
    .await;
    text.unwrap_or_default()
}

async fn no_problem_is_left(case: &Case) {
    within(NAMED, "no problem is left", async || {
        case.stack.feed(None, 1).await.problems.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_dead_processor_and_a_dead_router_are_named_each_for_itself() {
    let Some(mut case) = Case::start().await else { return };
    case.send("none", &[(0, message("one"))]).await;
    case.counts(Numbers::stored(1)).await;
    no_problem_is_left(&case).await;

    case.stack.kill(PROCESSOR).await;
    case.send("none", &[(0, message("two")), (1, message("three"))]).await;
    let said = text(&case, "processors").await;
    assert!(said.starts_with("The event-router reaches no message-processor: "), "{said}");
    case.stack.start_again(PROCESSOR).await;
    case.counts(Numbers::stored(3)).await;
    no_problem_is_left(&case).await;

    case.stack.kill(ROUTER).await;
    case.send("none", &[(0, message("four"))]).await;
    let said = text(&case, "event-router").await;
    let reason = format!("(consumer group {} has no member)", case.group);
    assert!(said.contains(&reason), "{said}");
    let readiness = case.stack.readiness(HOMEPAGE).await;
    assert_eq!(readiness.status.as_u16(), 200, "a homepage is useful without a router");
    assert_eq!(readiness.body["dependencies"]["event-router"]["ready"], Value::Bool(false));
    case.stack.start_again(ROUTER).await;
    case.counts(Numbers::stored(4)).await;
    no_problem_is_left(&case).await;
}

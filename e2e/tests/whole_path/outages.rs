//! What the page and the logs report when a part is down: which part, since when, and what this means.

use std::time::Duration;

use client::{
    eventually::{eventually, lasts, within},
    homepage::Totals,
};
use serde_json::Value;
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

/// One part, and what is reported when it is down.
struct Outage {
    killed: &'static str,
    /// The name of the part on the page.
    part: &'static str,
    /// A text in the page's explanation.
    means: &'static str,
    /// The services whose `/readyz` names the part, and its name there.
    known_to: &'static [(&'static str, &'static str)],
    /// The lines in the homepage's log: one when the outage begins, and one when it ends.
    logged: [&'static str; 2],
    /// Whether messages are still accepted.
    accepts_messages: bool,
}

const OUTAGES: [Outage; 4] = [
    Outage {
        killed: BROKER,
        part: "kafka",
        means: "Nothing can be sent",
        known_to: &[(HOMEPAGE, "kafka"), (ROUTER, "kafka")],
        logged: ["kafka is not ready", "kafka is ready"],
        accepts_messages: false,
    },
    Outage {
        killed: TABLE,
        part: "table",
        means: "safe in Kafka",
        known_to: &[(HOMEPAGE, "table"), (PROCESSOR, "table")],
        logged: ["table is not ready", "table is ready"],
        accepts_messages: true,
    },
    Outage {
        killed: ROUTER,
        part: "event-router",
        means: "go on when one is back",
        known_to: &[(HOMEPAGE, "event-router")],
        logged: ["event-router is not ready", "event-router is ready"],
        accepts_messages: true,
    },
    Outage {
        killed: PROCESSOR,
        part: "processors",
        means: "reaches no message-processor",
        known_to: &[(ROUTER, "processors")],
        logged: ["none was processed since", "messages are processed again"],
        accepts_messages: true,
    },
];

#[tokio::test]
async fn the_page_names_the_part_that_is_down_until_it_is_back() {
    for outage in OUTAGES {
        let mut stack = Stack::start().await;
        assert_eq!(stack.post_message("before").await.status.as_u16(), 202);
        eventually("it is stored", async || consistent_totals(&stack).await.stored == 1).await;
        let mut lines = stack.log(HOMEPAGE).lines().count();

        stack.kill(outage.killed).await;
        let answer = stack.post_message("meanwhile").await;
        let expected = if outage.accepts_messages { 202 } else { 503 };
        assert_eq!(answer.status.as_u16(), expected, "{}", outage.killed);
        // A message that may already be on its way to Kafka is not counted as sent. The answer says so.
        let may_appear = answer.body.to_string().contains("may still appear");
        is_reported(&stack, &outage).await;
        if outage.accepts_messages {
            let totals = consistent_totals(&stack).await;
            assert_eq!((totals.accepted, totals.stored, totals.waiting), (2, 1, 1));
        }
        lines += is_logged_once(&stack, lines, outage.logged[0]).await;

        stack.start_again(outage.killed).await;
        eventually("no problem is left, and all accepted messages are stored", async || {
            let totals = consistent_totals(&stack).await;
            let accepted = if outage.accepts_messages { 2 } else { 1 };
            let expected = accepted..=accepted + u64::from(may_appear);
            let problems = stack.feed(None, 1).await.problems;
            problems.is_empty() && expected.contains(&totals.stored) && totals.waiting == 0
        })
        .await;
        for (service, _) in outage.known_to {
            eventually("the service is ready", async || stack.is_ready(service).await).await;
        }
        is_logged_once(&stack, lines, outage.logged[1]).await;
        assert_few_warnings(&stack, outage.killed);
    }
}

/// While the table hangs, each read of it runs into its timeout. The messages are sent by another homepage, so the
/// homepage learns of them only from Kafka.
#[tokio::test]
async fn accepted_messages_are_counted_while_the_table_hangs() {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage("another").await;
    stack.freeze(TABLE);
    for n in 1..=5 {
        assert_eq!(other.post_message("hello").await.unwrap().status.as_u16(), 202);
        within(Duration::from_secs(2), "the message is counted", async || {
            let totals = consistent_totals(&stack).await;
            (totals.accepted, totals.waiting) == (n, n)
        })
        .await;
    }
    stack.unfreeze(TABLE);
    eventually("all are stored", async || consistent_totals(&stack).await.stored == 5).await;
}

/// How long a problem must stay as it is.
const STEADY: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_problem_is_one_sentence_that_stays_as_long_as_the_part_is_down() {
    tokio::join!(
        stays(ROUTER, Fault::Killed, "event-router", "No event-router reads the topic"),
        stays(PROCESSOR, Fault::Killed, "processors", "reaches no message-processor"),
        stays(PROCESSOR, Fault::Frozen, "processors", "reaches no message-processor"),
    );
    tokio::join!(
        stays(TABLE, Fault::Killed, "table", "The table does not answer"),
        stays(TABLE, Fault::Frozen, "table", "The table does not answer"),
        stays(BROKER, Fault::Killed, "kafka", "keeps its messages for up to 60 s"),
        stays(ROUTER, Fault::Frozen, "event-router", "No event-router reads the topic"),
    );
}

/// Kafka does not know the group of a router that has never run. It is no problem before somebody needs it.
#[tokio::test]
async fn a_router_that_was_never_there_is_missed_once_a_message_waits() {
    let stack = Setup::default().without(ROUTER).start().await;
    let problems = async || stack.feed(None, 1).await.problems;
    eventually("the homepage is ready", async || stack.is_ready(HOMEPAGE).await).await;
    // The feed may be a moment older than that.
    eventually("no problem is left", async || problems().await.is_empty()).await;
    lasts(Duration::from_secs(5), async || assert_eq!(problems().await, Vec::<Value>::new())).await;
    assert_eq!(stack.post_message("hello?").await.status.as_u16(), 202);
    eventually("the router is missed", async || {
        problems().await.iter().any(|problem| problem["part"] == "event-router")
    })
    .await;
}

/// How a part is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Killed,
    Frozen,
}

/// While messages wait for this part, the page says this of it and nothing else, in the same words all the time.
async fn stays(process: &'static str, fault: Fault, part: &str, says: &str) {
    let mut stack = Stack::start().await;
    assert_eq!(stack.post_message("before").await.status.as_u16(), 202);
    eventually("it is stored", async || consistent_totals(&stack).await.stored == 1).await;
    match fault {
        Fault::Killed => stack.kill(process).await,
        Fault::Frozen => stack.freeze(process),
    }
    if process != BROKER {
        assert_eq!(stack.post_message("meanwhile").await.status.as_u16(), 202);
    }
    let mut first = Vec::new();
    within(Duration::from_secs(60), "the part is named", async || {
        first = stack.feed(None, 1).await.problems;
        first.len() == 1 && first[0]["part"] == part
    })
    .await;
    assert!(first[0]["text"].as_str().unwrap().contains(says), "{first:?}");
    lasts(STEADY, async || {
        let problems = stack.feed(None, 1).await.problems;
        assert_eq!(problems, first, "{process} {fault:?}");
    })
    .await;
    if fault == Fault::Frozen {
        stack.unfreeze(process);
    }
}

/// Waits until the page and the services that use the part report that it is down.
async fn is_reported(stack: &Stack, outage: &Outage) {
    let mut problems = Vec::new();
    within(Duration::from_secs(30), "the page names the part that is down", async || {
        consistent_totals(stack).await;
        problems = stack.feed(None, 1).await.problems;
        problems.len() == 1 && problems[0]["part"] == outage.part
    })
    .await;
    let text = problems[0]["text"].as_str().unwrap();
    assert!(text.contains(outage.means), "{}: {text}", outage.killed);
    assert!(problems[0]["since"].as_str().unwrap().ends_with('Z'), "{problems:?}");
    for (service, dependency) in outage.known_to {
        eventually("the service reports what is down, since when and why", async || {
            let answer = stack.homepage_at(service).readiness().await.unwrap();
            let known = &answer.body["dependencies"][dependency];
            // A homepage is useful without a router: it accepts messages, and they wait.
            let status = if *dependency == "event-router" { 200 } else { 503 };
            answer.status.as_u16() == status
                && known["ready"] == false
                && known["since"].is_string()
                && known["reason"].is_string()
        })
        .await;
    }
}

/// The page's counts. They must add up at all times.
async fn consistent_totals(stack: &Stack) -> Totals {
    let totals = stack.feed(None, 1).await.totals;
    assert!(totals.add_up(), "{totals:?}");
    totals
}

/// Waits until the homepage's log has this text after line `since`, exactly once. Returns
/// how many lines follow it.
async fn is_logged_once(stack: &Stack, since: usize, text: &str) -> usize {
    let (mut lines, mut times) = (Vec::new(), 0);
    eventually("the log has the text", async || {
        lines = stack.log(HOMEPAGE).lines().skip(since).map(str::to_owned).collect();
        times = lines.iter().filter(|line| line.contains(text)).count();
        times > 0
    })
    .await;
    assert_eq!(times, 1, "{text}: {lines:#?}");
    lines.len()
}

/// An outage must not fill the logs.
fn assert_few_warnings(stack: &Stack, killed: &str) {
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        let log = stack.log(service);
        let is_warning = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        let warnings: Vec<_> = log.lines().filter(is_warning).collect();
        // A few of each Kafka client, one of each dependency, and one while the router's group is found again.
        assert!(warnings.len() <= 11, "{killed} down: {service} logs {warnings:#?}");
    }
}

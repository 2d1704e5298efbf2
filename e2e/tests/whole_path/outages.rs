//! What a person sees when a part is down: which one, since when, and what it means for the messages.

use std::time::Duration;

use client::{
    eventually::{eventually, within},
    homepage::Totals,
};
use stack::{
    Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

/// One part, and who says what of it when it is down.
struct Outage {
    killed: &'static str,
    /// What the page calls it.
    part: &'static str,
    /// A word of what the page says it means.
    means: &'static str,
    /// Whose `/readyz` names it, and how.
    known_to: &'static [(&'static str, &'static str)],
    /// The one line of the homepage's log that begins it, and the one that ends it.
    told: [&'static str; 2],
    /// Messages can be sent all the same.
    takes_messages: bool,
}

const OUTAGES: [Outage; 4] = [
    Outage {
        killed: BROKER,
        part: "kafka",
        means: "Nothing can be sent",
        known_to: &[(HOMEPAGE, "kafka"), (ROUTER, "kafka")],
        told: ["kafka is not ready", "kafka is ready"],
        takes_messages: false,
    },
    Outage {
        killed: TABLE,
        part: "table",
        means: "safe in Kafka",
        known_to: &[(HOMEPAGE, "table"), (PROCESSOR, "table")],
        told: ["table is not ready", "table is ready"],
        takes_messages: true,
    },
    Outage {
        killed: ROUTER,
        part: "processing",
        means: "safe in Kafka",
        known_to: &[],
        told: ["none was processed since", "messages are processed again"],
        takes_messages: true,
    },
    Outage {
        killed: PROCESSOR,
        part: "processing",
        means: "safe in Kafka",
        known_to: &[(ROUTER, "processors")],
        told: ["none was processed since", "messages are processed again"],
        takes_messages: true,
    },
];

#[tokio::test]
async fn the_page_names_the_part_that_is_down_until_it_is_back() {
    for outage in OUTAGES {
        let mut stack = Stack::start().await;
        assert_eq!(stack.post_message("before").await.status.as_u16(), 202);
        eventually("it is stored", async || true_totals(&stack).await.stored == 1).await;
        let mut told = stack.log(HOMEPAGE).lines().count();

        stack.kill(outage.killed).await;
        let answer = stack.post_message("meanwhile").await;
        let expected = if outage.takes_messages { 202 } else { 503 };
        assert_eq!(answer.status.as_u16(), expected, "{}", outage.killed);
        // What was on its way to Kafka already is not counted as sent, and the person is told so.
        let may_appear = answer.body.to_string().contains("may still appear");
        is_named(&stack, &outage).await;
        if outage.takes_messages {
            let totals = true_totals(&stack).await;
            assert_eq!((totals.accepted, totals.stored, totals.waiting), (2, 1, 1));
        }
        told += is_told_once(&stack, told, outage.told[0]).await;

        stack.start_again(outage.killed).await;
        eventually("all is well again, and all that was taken is stored", async || {
            let totals = true_totals(&stack).await;
            let taken = if outage.takes_messages { 2 } else { 1 };
            let expected = taken..=taken + u64::from(may_appear);
            let problems = stack.feed(None, 1).await.problems;
            problems.is_empty() && expected.contains(&totals.stored) && totals.waiting == 0
        })
        .await;
        for (service, _) in outage.known_to {
            eventually("it is ready", async || stack.is_ready(service).await).await;
        }
        is_told_once(&stack, told, outage.told[1]).await;
        assert_no_flood(&stack, outage.killed);
    }
}

/// A table that hangs answers nobody, so each read of it takes as long as a read may. The messages come by
/// another homepage: only Kafka tells of them.
#[tokio::test]
async fn accepted_messages_are_counted_while_the_table_hangs() {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage("another").await;
    stack.freeze(TABLE);
    for n in 1..=5 {
        assert_eq!(other.post_message("hello").await.unwrap().status.as_u16(), 202);
        within(Duration::from_secs(2), "it is counted", async || {
            let totals = true_totals(&stack).await;
            (totals.accepted, totals.waiting) == (n, n)
        })
        .await;
    }
    stack.unfreeze(TABLE);
    eventually("all are stored", async || true_totals(&stack).await.stored == 5).await;
}

/// Waits until the page and the services whose concern it is say that the part is down.
async fn is_named(stack: &Stack, outage: &Outage) {
    let mut problems = Vec::new();
    within(Duration::from_secs(30), "the page names what is down", async || {
        true_totals(stack).await;
        problems = stack.feed(None, 1).await.problems;
        problems.len() == 1 && problems[0]["part"] == outage.part
    })
    .await;
    let text = problems[0]["text"].as_str().unwrap();
    assert!(text.contains(outage.means), "{}: {text}", outage.killed);
    assert!(problems[0]["since"].as_str().unwrap().ends_with('Z'), "{problems:?}");
    for (service, dependency) in outage.known_to {
        eventually("it says what is down, since when and why", async || {
            let answer = stack.homepage_at(service).readiness().await.unwrap();
            let known = &answer.body["dependencies"][dependency];
            answer.status.as_u16() == 503
                && known["ready"] == false
                && known["since"].is_string()
                && known["reason"].is_string()
        })
        .await;
    }
}

/// The page's counts, which agree with each other whatever is down.
async fn true_totals(stack: &Stack) -> Totals {
    let totals = stack.feed(None, 1).await.totals;
    let finished = totals.stored + totals.finished_without_row;
    assert_eq!(totals.accepted, finished + totals.waiting, "{totals:?}");
    totals
}

/// Waits until the homepage's log tells of it behind that line. Returns how many lines it has there.
async fn is_told_once(stack: &Stack, since: usize, what: &str) -> usize {
    let (mut said, mut times) = (Vec::new(), 0);
    eventually("the log tells of it", async || {
        said = stack.log(HOMEPAGE).lines().skip(since).map(str::to_owned).collect();
        times = said.iter().filter(|line| line.contains(what)).count();
        times > 0
    })
    .await;
    assert_eq!(times, 1, "{what}: {said:#?}");
    said.len()
}

/// A person who reads the logs after an outage finds it, and not a thousand times.
fn assert_no_flood(stack: &Stack, killed: &str) {
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        let said = stack.log(service);
        let is_bad = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        let bad: Vec<_> = said.lines().filter(is_bad).collect();
        // A few of each kind of Kafka's client, one of each dependency, and one of what waits for a router
        // whose group has to be found again.
        assert!(bad.len() <= 11, "{killed} down: {service} says {bad:#?}");
    }
}

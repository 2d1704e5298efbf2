//! What does not work, since when, and what that means for messages. A cause hides its effects, so that one thing that
//! is down is one problem with one sentence.

use std::collections::BTreeMap;

use barrage::health::{Dependency, Readiness};
use barrage::processor_failure::ProcessorFailure;
use barrage::time::{Millis, Rfc3339};
use serde::Serialize;

use crate::reader::progress::{Expired, Totals};
use crate::routers::Routers;

/// A part that does not work.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PartProblem {
    pub(crate) part: &'static str,
    pub(crate) since: Rfc3339,
    pub(crate) text: String,
}

/// All that a homepage knows of the parts.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By name.
    pub(crate) dependencies: BTreeMap<&'static str, Dependency>,
    pub(crate) totals: Totals,
    /// The routers' word, as far as messages wait for them.
    pub(crate) processor_failure: Option<ProcessorFailure>,
    /// There is no processor because none is wanted, so messages may wait.
    pub(crate) is_none_wanted: bool,
}

impl Known {
    pub(crate) fn of(readiness: &Readiness, routers: &Routers, totals: Totals) -> Self {
        let dependencies = readiness.report().dependencies;
        let processor_failure = routers.processor_failure();
        Self { dependencies, totals, processor_failure, is_none_wanted: routers.is_none_wanted() }
    }
}

/// The part between Kafka and the table, where nobody says what is wrong with it.
const PROCESSING: &str = "processing";
/// The processors, by the router's word.
pub(crate) const PROCESSORS: &str = "processors";
/// Kafka's retention, which deletes records whether they were processed or not.
const RETENTION: &str = "retention";

/// Each cause with the problems that follow from it.
const HIDES: [(&str, &[&str]); 5] = [
    ("kafka", &["event-router", PROCESSORS, PROCESSING, "reader", "sending"]),
    ("table", &[PROCESSORS, PROCESSING, "reader"]),
    ("event-router", &[PROCESSORS, PROCESSING]),
    (PROCESSORS, &[PROCESSING]),
    // Whoever cannot read does not see what is finished.
    ("reader", &[PROCESSING]),
];

/// A dead router is known by its own name within this time, and a frozen processor as well. Only then is it said that
/// nothing is finished.
const NAMED_WITHIN: Millis = Millis(15_000);
/// How long after the last message expired this is a problem. The totals have it as long as the homepage runs.
const RETENTION_SHOWN: Millis = Millis(60_000);

/// The problems that no other problem explains.
pub(crate) fn problems(known: Known, now: Millis) -> Vec<PartProblem> {
    let Known { dependencies, totals, processor_failure, is_none_wanted } = known;
    let away = |(part, it): (&'static str, Dependency)| {
        (!it.ready).then(|| PartProblem { part, since: it.since, text: meaning(part, it.reason) })
    };
    let mut all: Vec<_> = dependencies.into_iter().filter_map(away).collect();
    if let Some(failure) = processor_failure.filter(|_| totals.counts.waiting > 0) {
        let (since, text) = (failure.since.rfc3339(), of_processors(&failure));
        all.push(PartProblem { part: PROCESSORS, since, text });
    }
    let is_stalled = |since: &Rfc3339| now.0 - since.0.0 >= NAMED_WITHIN.0;
    if let Some(since) = totals.stalled_since.filter(|since| is_stalled(since) && !is_none_wanted) {
        all.push(PartProblem { part: PROCESSING, since, text: meaning(PROCESSING, None) });
    }
    let is_recent = |expired: &Expired| now.0 - expired.last.0 < RETENTION_SHOWN.0;
    if let Some(expired) = totals.expired.filter(is_recent) {
        let text = format!(
            "Kafka deleted {} messages before they were processed: its retention is too short for the backlog.",
            totals.counts.expired
        );
        all.push(PartProblem { part: RETENTION, since: expired.since.rfc3339(), text });
    }
    without_effects(all)
}

fn without_effects(all: Vec<PartProblem>) -> Vec<PartProblem> {
    let causes: Vec<_> = all.iter().map(|it| it.part).collect();
    let is_effect = |part: &str| {
        HIDES.iter().any(|(cause, effects)| causes.contains(cause) && effects.contains(&part))
    };
    all.into_iter().filter(|it| !is_effect(it.part)).collect()
}

/// What a part that is down means for messages.
fn meaning(part: &str, reason: Option<String>) -> String {
    match (part, reason) {
        ("partitions", Some(reason)) => {
            format!("{reason}. Its messages wait. All other partitions go on.")
        }
        ("event-router", Some(reason)) => format!(
            "No event-router reads the topic ({reason}). Messages wait. They are safe in Kafka, and go on when one \
             is back."
        ),
        (part, _) => of_part(part).to_owned(),
    }
}

fn of_part(part: &str) -> &'static str {
    match part {
        // The time is the producer's `DELIVERY_TIMEOUT`.
        "kafka" => {
            "Kafka does not answer. Nothing can be sent now. A burst that runs keeps its messages for up to 60 s, and \
             sends them when Kafka answers. Accepted messages are safe."
        }
        "table" => {
            "The table does not answer. Messages are safe in Kafka and appear when it is back."
        }
        "sending" => {
            "Kafka refuses messages from this homepage, or cannot store them. Accepted messages are safe."
        }
        "reader" => "Results cannot be read now. Messages are safe and appear later.",
        PROCESSING => {
            "Messages wait, and none was finished for a while. They are safe in Kafka. The event-router or \
             the message-processors are busy, or do not work."
        }
        "homepage" => {
            "This homepage is stopping. Nothing can be sent here. Accepted messages are safe."
        }
        _ => "This part does not answer.",
    }
}

fn of_processors(failure: &ProcessorFailure) -> String {
    let error = failure.error().trim_end_matches('.');
    let what = if failure.answering > 0 {
        format!("The message-processors answer, but fail: {error}.")
    } else {
        format!("The event-router reaches no message-processor: {error}.")
    };
    format!("{what} Messages wait. They are safe in Kafka.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::progress::Counts;

    const ALL: [&str; 6] = ["kafka", "table", "sending", "reader", "event-router", "partitions"];

    /// What is known when these parts are down. `processors` and `processing` stand for the router's word and a stall.
    fn known(down: &[&str]) -> Known {
        let readiness = Readiness::default();
        for part in ALL {
            let probe = readiness.dependency(part);
            if down.contains(&part) { probe.down("why") } else { probe.up() }
        }
        let failure = ProcessorFailure::new(Millis(7), 4, 0, "connection refused");
        let stalled_since = down.contains(&PROCESSING).then(|| Millis(9).rfc3339());
        let counts = Counts { waiting: 3, ..Counts::default() };
        Known {
            dependencies: readiness.report().dependencies,
            totals: Totals { stalled_since, counts, ..Totals::default() },
            processor_failure: down.contains(&PROCESSORS).then_some(failure),
            is_none_wanted: false,
        }
    }

    fn parts(known: Known) -> Vec<&'static str> {
        problems(known, Millis(9 + NAMED_WITHIN.0)).iter().map(|it| it.part).collect()
    }

    #[test]
    fn a_cause_hides_its_effects_and_nothing_else() {
        let everything = [&ALL[..], &[PROCESSORS, PROCESSING]].concat();
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&everything, &["kafka", "partitions", "table"]),
            (&["table", "reader", PROCESSORS, PROCESSING], &["table"]),
            (&["table", "event-router", PROCESSING], &["event-router", "table"]),
            (&["table", "sending"], &["sending", "table"]),
            (&["event-router", PROCESSORS, PROCESSING], &["event-router"]),
            (&["event-router", "reader"], &["event-router", "reader"]),
            (&[PROCESSORS, PROCESSING], &[PROCESSORS]),
            (&["reader", PROCESSING], &["reader"]),
            (&["partitions", PROCESSING], &["partitions", PROCESSING]),
            (&["sending", PROCESSING], &["sending", PROCESSING]),
            (&[PROCESSING], &[PROCESSING]),
        ];
        for (down, said) in cases {
            assert_eq!(parts(known(down)), *said, "{down:?}");
        }
    }

    #[test]
    fn the_processors_are_a_problem_only_while_messages_wait() {
        let mut idle = known(&[PROCESSORS]);
        idle.totals.counts.waiting = 0;
        assert!(parts(idle).is_empty());
    }

    #[test]
    fn messages_that_wait_while_no_processor_is_wanted_are_no_problem() {
        let known = known(&[PROCESSING]);
        assert!(parts(Known { is_none_wanted: true, ..known }).is_empty());
    }

    #[test]
    fn the_sentence_says_what_is_down_and_why() {
        let text = |known| problems(known, Millis(0)).remove(0).text;
        assert_eq!(
            text(known(&["event-router"])),
            "No event-router reads the topic (why). Messages wait. They are safe in Kafka, and go on when one is \
             back."
        );
        assert_eq!(
            text(known(&[PROCESSORS])),
            "The event-router reaches no message-processor: connection refused. Messages wait. They are safe in \
             Kafka."
        );
        let failing = ProcessorFailure::new(Millis(7), 4, 2, "the table cannot be reached");
        let known = Known { processor_failure: Some(failing), ..known(&[]) };
        assert_eq!(
            text(known),
            "The message-processors answer, but fail: the table cannot be reached. Messages wait. They are safe in \
             Kafka."
        );
    }

    #[test]
    fn a_partition_that_cannot_be_read_is_named() {
        let problems = problems(known(&["partitions"]), Millis(0));
        let text = "why. Its messages wait. All other partitions go on.";
        assert_eq!((problems[0].part, problems[0].text.as_str()), ("partitions", text));
    }

    #[test]
    fn expired_messages_are_a_problem_for_a_minute() {
        let expired = Some(Expired { since: Millis(1_000), last: Millis(2_000) });
        let count = |now| {
            let totals = Totals { expired, ..Totals::default() };
            problems(Known { totals, ..Known::default() }, Millis(now)).len()
        };
        assert_eq!((count(2_000), count(61_999), count(62_000)), (1, 1, 0));
    }
}

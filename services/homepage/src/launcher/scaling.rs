//! What the launcher says of scaling: the body of its `GET /scaling`.

use std::time::Duration;

use barrage::time::Rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scaling {
    /// Who decides: `automatic`, `by_hand` or `fixed`.
    pub(crate) mode: String,
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) wanted: u64,
    /// The mean number of calls that led to `wanted`; `None` if no number did.
    pub(crate) calls: Option<f64>,
    /// How many calls each processor should have.
    pub(crate) target: Option<f64>,
    /// How many calls each processor can have.
    pub(crate) concurrency: Option<u64>,
    #[serde(default)]
    pub(crate) panic: bool,
    /// The router's calls under way; `None` if it does not answer.
    pub(crate) calls_now: Option<u64>,
    /// What each message costs, in milliseconds.
    pub(crate) work_ms: Option<u64>,
    /// How long the last start from zero took, in milliseconds.
    pub(crate) cold_start_ms: Option<u64>,
    /// How long until no processor is wanted, if no call comes, in milliseconds.
    pub(crate) zero_in_ms: Option<u64>,
    pub(crate) processors: Vec<Processor>,
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
    /// `None` while no tour plays.
    pub(crate) tour: Option<Tour>,
}

/// Where the tour is, which shows all of this by itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Tour {
    /// The page knows the steps.
    step: String,
    /// From 1.
    number: u64,
    of: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Processor {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) since: Rfc3339,
    /// The router's calls to it that are under way; `None` if the router does not answer.
    pub(crate) calls: Option<f64>,
}

/// Where a processor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Starting,
    Ready,
    Draining,
    Died,
    Frozen,
    Gone,
}

/// Any other process of the demo.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// `up`, `starting`, `died` or `frozen`.
    pub(crate) state: String,
    pub(crate) since: Rfc3339,
}

/// What has happened. Its other members depend on `kind`, and the page knows them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Event {
    pub(crate) at: Rfc3339,
    #[serde(flatten)]
    pub(crate) what: Map<String, Value>,
}

impl Scaling {
    /// The router's calls to a processor that are under way, if it is known.
    pub(crate) fn calls_to(&self, processor: &str) -> Option<f64> {
        self.processors.iter().find(|it| it.name == processor)?.calls
    }

    pub(crate) fn cost(&self) -> Option<Duration> {
        self.work_ms.map(Duration::from_millis)
    }

    /// Whether it is right that no processor works: there may be none, and there is none, or the first one starts.
    pub(crate) fn is_none_expected(&self) -> bool {
        let may_be_missing =
            |state| matches!(state, State::Starting | State::Draining | State::Gone);
        self.min == 0 && self.processors.iter().all(|it| may_be_missing(it.state))
    }

    /// Whether there is no processor because none is wanted.
    pub(crate) fn is_none_wanted(&self) -> bool {
        self.wanted == 0 && self.is_none_expected()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scaling(min: u64, wanted: u64, states: &[&str]) -> Scaling {
        let since = "2026-11-29T07:20:00.123Z";
        let processor = |(n, state): (usize, &&str)| json!({ "name": format!("message-processor-{}", n + 1), "state": state, "since": since });
        let processors: Vec<_> = states.iter().enumerate().map(processor).collect();
        let answer = json!({
            "mode": "automatic", "min": min, "max": 8, "wanted": wanted, "calls": 33.2, "target": 7.0,
            "concurrency": 10, "panic": false, "window_s": 60, "calls_now": 30, "work_ms": 100,
            "cold_start_ms": null, "processors": processors,
            "parts": [{ "name": "broker", "state": "up", "since": since }],
            "events": [{ "id": 7, "at": since, "kind": "scaled", "from": 3, "to": 5, "calls": 33.2, "target": 7.0 }],
            "tour": { "step": "scale_out", "number": 4, "of": 8 },
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn an_answer_of_the_launcher_is_read_and_an_event_keeps_its_members() {
        let scaling = scaling(0, 5, &["ready", "starting", "frozen", "ready"]);
        assert_eq!(scaling.cost(), Some(Duration::from_millis(100)));
        let event = serde_json::to_value(&scaling.events[0]).unwrap();
        assert_eq!((&event["id"], &event["to"]), (&7.into(), &5.into()));
        assert_eq!(event["at"], "2026-11-29T07:20:00.123Z");
        let tour = serde_json::to_value(&scaling.tour).unwrap();
        assert_eq!(tour, json!({ "step": "scale_out", "number": 4, "of": 8 }));
    }

    #[test]
    fn no_processor_is_right_only_where_none_must_be_there() {
        for (min, wanted, states, none_expected, none_wanted) in [
            (0, 0, &[][..], true, true),
            (0, 1, &[], true, false),
            (0, 1, &["starting"], true, false),
            (0, 0, &["draining", "gone"], true, true),
            (0, 1, &["ready"], false, false),
            (0, 0, &["ready"], false, false),
            (0, 1, &["died"], false, false),
            (0, 1, &["frozen"], false, false),
            (1, 1, &[], false, false),
        ] {
            let scaling = scaling(min, wanted, states);
            let answered = (scaling.is_none_expected(), scaling.is_none_wanted());
            assert_eq!(answered, (none_expected, none_wanted), "{min} {wanted} {states:?}");
        }
    }
}

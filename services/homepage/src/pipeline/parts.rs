//! The parts that give no answer, and the moments at which they went and came back.

use barrage::time::Millis;

use super::moments::Moment;
use super::snapshot::DownJson;
use crate::events::Events;
use crate::launcher::scaling::Scaling;
use crate::problems::{Known, PROCESSORS, problems};

/// The problems that are a missing answer of a part itself, and no conclusion.
const OWN_ANSWER: [&str; 4] = ["kafka", "event-router", PROCESSORS, "table"];

/// The parts that are down: those that do not answer us, and those that the launcher knows to be dead or stopped.
pub(super) fn down(known: Known, scaling: Option<&Scaling>, now: Millis) -> Vec<DownJson> {
    let for_ms = |since: Millis| (now.0 - since.0).max(0);
    let parts = scaling.iter().flat_map(|scaling| &scaling.parts);
    let parts = parts.filter(|part| matches!(part.state.as_str(), "died" | "frozen"));
    let mut all: Vec<_> = parts
        .map(|part| DownJson {
            part: if part.name == "broker" { "kafka" } else { part.name.as_str() }.to_owned(),
            for_ms: for_ms(part.since.0),
            frozen: part.state == "frozen",
        })
        .collect();
    for problem in problems(known, now) {
        let is_known = all.iter().any(|it| it.part == problem.part);
        if OWN_ANSWER.contains(&problem.part) && !is_known {
            let (part, for_ms) = (problem.part.to_owned(), for_ms(problem.since.0));
            all.push(DownJson { part, for_ms, frozen: false });
        }
    }
    all
}

/// When parts went, and when they came back.
pub(super) fn part_moments(events: &Events) -> Vec<(Millis, Moment)> {
    let mut all = Vec::new();
    for absence in events.absences() {
        let part = absence.part;
        if let Some(since) = absence.since {
            all.push((since, Moment::PartDown { part }));
        }
        if let Some(until) = absence.until {
            let ms = absence.since.map(|since| (until.0 - since.0).max(0));
            all.push((until, Moment::PartBack { part, ms, lost: absence.lost }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use barrage::health::Readiness;
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    /// What is said to be down when these dependencies are, and the launcher says this of its parts.
    fn said(dependencies: &[&'static str], parts: &[(&str, &str)]) -> Vec<(String, bool)> {
        let readiness = Readiness::default();
        for name in dependencies {
            readiness.dependency(name);
        }
        let known = Known { dependencies: readiness.report().dependencies, ..Known::default() };
        let since = Millis(NOW.0 - 6_000).rfc3339();
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, state)| json!({ "name": name, "state": state, "since": since }))
            .collect();
        let scaling = json!({
            "mode": "fixed", "min": 1, "max": 1, "wanted": 1, "processors": [], "parts": parts,
        });
        let scaling = serde_json::from_value(scaling).unwrap();
        let all = down(known, Some(&scaling), NOW);
        all.into_iter().map(|it| (it.part, it.frozen)).collect()
    }

    #[test]
    fn a_part_is_down_by_its_own_missing_answer_and_is_told_once() {
        let kafka = |frozen| ("kafka".to_owned(), frozen);
        let up = [("broker", "up"), ("event-router", "starting")];
        assert!(said(&[], &up).is_empty());
        assert_eq!(said(&["kafka", "reader", "sending"], &up), [kafka(false)]);
        assert_eq!(said(&["kafka"], &[("broker", "frozen")]), [kafka(true)]);
        let router = ("event-router".to_owned(), false);
        assert_eq!(
            said(&["table"], &[("event-router", "died")]),
            [router, ("table".to_owned(), false)]
        );
        assert!(said(&["partitions", "homepage"], &[]).is_empty());
    }
}

//! The processors side by side: by what the launcher says, else those that stored a row in the last seconds. Their
//! calls are those that the router counts, else those that rows tell of.

use std::collections::BTreeMap;

use barrage::time::Millis;

use super::lives::Seen;
use super::rates::rounded;
use super::snapshot::{LaneJson, LaneState};
use crate::launcher::scaling::{Scaling, State};
use crate::reader::feed::Feed;
use crate::reader::processor_load::Load;

/// How many milliseconds a processor is said to be back after it died.
const BACK: i64 = 60_000;

/// The launcher tells of its return and changes its state within so many milliseconds.
const SAME: i64 = 1_000;

/// The processors for a page, by their slots; and for their lives.
pub(super) fn lanes(
    scaling: Option<&Scaling>,
    loads: &BTreeMap<String, Load>,
    feed: &Feed,
    now: Millis,
) -> (Vec<LaneJson>, Vec<Seen>) {
    let mut seen = match scaling {
        Some(scaling) => of_launcher(scaling, now),
        None => of_rows(loads),
    };
    let there = seen.iter().filter(|it| it.state != State::Gone);
    let slots = feed.hold_slots(there.map(|it| it.name.as_str()), now);
    for it in &mut seen {
        it.slot = slots.get(&it.name).copied();
    }
    seen.sort_by_key(|it| (it.slot.unwrap_or(u64::MAX), it.name.clone()));
    let calls = |it: &Seen| {
        let by_rows = || loads.get(&it.name).map_or(0.0, |load| load.calls);
        scaling.and_then(|scaling| scaling.calls_to(&it.name)).unwrap_or_else(by_rows)
    };
    let lane = |it: &Seen| {
        let load = loads.get(&it.name);
        LaneJson {
            slot: it.slot,
            name: it.name.clone(),
            state: lane_state(it, scaling, now),
            for_ms: (now.0 - it.since.0).max(0),
            rate: rounded(load.map_or(0.0, |load| load.rate)),
            calls: rounded(calls(it)),
        }
    };
    (seen.iter().map(lane).collect(), seen)
}

fn of_launcher(scaling: &Scaling, now: Millis) -> Vec<Seen> {
    let processors = scaling.processors.iter().map(|it| Seen {
        name: it.name.clone(),
        slot: None,
        state: it.state,
        since: it.since.0,
        last: now,
    });
    processors.collect()
}

fn of_rows(loads: &BTreeMap<String, Load>) -> Vec<Seen> {
    let processors = loads.iter().map(|(name, load)| Seen {
        name: name.clone(),
        slot: None,
        state: State::Ready,
        since: load.first,
        last: load.last,
    });
    processors.collect()
}

fn lane_state(seen: &Seen, scaling: Option<&Scaling>, now: Millis) -> LaneState {
    match seen.state {
        State::Ready if is_back(seen, scaling, now) => LaneState::Back,
        State::Starting => LaneState::Starting,
        State::Ready => LaneState::Ready,
        State::Draining => LaneState::Draining,
        State::Died => LaneState::Died,
        State::Frozen => LaneState::Frozen,
        State::Gone => LaneState::Gone,
    }
}

/// The event must be of this life: another processor of the same name may have died a while ago.
fn is_back(seen: &Seen, scaling: Option<&Scaling>, now: Millis) -> bool {
    let events = scaling.iter().flat_map(|scaling| &scaling.events);
    let is_recent = |at: i64| now.0 - at < BACK && at + SAME >= seen.since.0;
    let mut recent = events.filter(|event| is_recent(event.at.0.0));
    recent.any(|event| event.what["kind"] == "back" && event.what["part"] == seen.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn scaling(processors: &[(&str, &str)]) -> Scaling {
        let at = |ago: i64| Millis(NOW.0 - ago).rfc3339();
        let processors: Vec<_> = processors
            .iter()
            .map(|(name, state)| {
                let since = at(if *name == "m-1" { 59_000 } else { 1_500 });
                json!({ "name": name, "state": state, "since": since })
            })
            .collect();
        let back =
            |part, ago| json!({ "id": 1, "at": at(ago), "kind": "back", "part": part, "ms": 400 });
        let scaling = json!({
            "mode": "automatic", "min": 0, "max": 8, "wanted": 2, "calls": null, "target": 7.0,
            "concurrency": 10, "panic": false, "calls_now": null, "work_ms": 0, "cold_start_ms": null,
            "processors": processors, "events": [back("m-1", 59_000), back("m-2", 61_000)],
        });
        serde_json::from_value(scaling).unwrap()
    }

    fn load(rate: f64) -> Load {
        Load { rate, calls: 1.26, first: Millis(NOW.0 - 9_000), last: Millis(NOW.0 - 100) }
    }

    fn states(lanes: &[LaneJson]) -> Vec<(Option<u64>, &str, LaneState)> {
        lanes.iter().map(|it| (it.slot, it.name.as_str(), it.state)).collect()
    }

    #[test]
    fn the_launcher_says_which_processors_there_are_and_rows_say_what_they_do() {
        let loads =
            BTreeMap::from([("m-2".to_owned(), load(50.0)), ("other".to_owned(), load(1.0))]);
        let said = [("m-3", "starting"), ("m-2", "ready"), ("m-1", "ready"), ("m-4", "gone")];
        let feed = Feed::default();
        let (lanes, seen) = lanes(Some(&scaling(&said)), &loads, &feed, NOW);
        let expected = [
            (Some(1), "m-1", LaneState::Back),
            (Some(2), "m-2", LaneState::Ready),
            (Some(3), "m-3", LaneState::Starting),
            (None, "m-4", LaneState::Gone),
        ];
        assert_eq!(states(&lanes), expected);
        assert_eq!((lanes[1].rate, lanes[1].calls, lanes[1].for_ms), (50.0, 1.3, 1_500));
        assert_eq!((lanes[0].rate, lanes[0].calls), (0.0, 0.0));
        let mut counted = scaling(&said);
        counted.processors[1].calls = Some(9.0);
        let (lanes, _) = super::lanes(Some(&counted), &loads, &feed, NOW);
        assert_eq!((lanes[1].name.as_str(), lanes[1].calls), ("m-2", 9.0));
        assert_eq!(seen[2].slot, Some(3));
    }

    #[test]
    fn without_a_launcher_the_processors_are_those_that_store_rows() {
        let loads = BTreeMap::from([("a-7".to_owned(), load(5.0)), ("b-2".to_owned(), load(1.0))]);
        let (lanes, _) = lanes(None, &loads, &Feed::default(), NOW);
        let ready = LaneState::Ready;
        assert_eq!(states(&lanes), [(Some(2), "b-2", ready), (Some(7), "a-7", ready)]);
        assert_eq!(lanes[0].for_ms, 9_000);
    }
}

//! What has happened: the last events, for whoever shows them.

use std::collections::VecDeque;

use jiff::{Timestamp, Unit};
use serde::Serialize;

/// How many events are kept.
const KEPT: usize = 50;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    /// Counted from 1.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

/// `part` is the name of a process. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The first processor is ready, so long after it was wanted.
    ColdStart {
        ms: u64,
        processor: String,
    },
    Scaled {
        from: u16,
        to: u16,
        calls: f64,
        target: f64,
    },
    ToZero,
    ByHand {
        to: u16,
    },
    Automatic,
    Cost {
        from_ms: u32,
        to_ms: u32,
    },
    Died {
        part: String,
    },
    Back {
        part: String,
        ms: u64,
    },
    Frozen {
        part: String,
    },
    Thawed {
        part: String,
        ms: u64,
    },
}

/// The last events, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: VecDeque<Event>,
    count: u64,
}

impl Events {
    pub(crate) fn add(&mut self, kind: Kind) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.count += 1;
        self.last.push_back(Event { id: self.count, at: now(), kind });
    }

    pub(crate) fn list(&self) -> Vec<Event> {
        self.last.iter().cloned().collect()
    }
}

/// The time in whole milliseconds.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_fifty_events_are_kept() {
        let mut events = Events::default();
        for to in 1..=60 {
            events.add(Kind::ByHand { to });
        }
        let list = events.list();
        assert_eq!((list.len(), list[0].id, list[49].id), (50, 11, 60));
    }

    #[test]
    fn an_event_is_one_object_with_its_kind() {
        let mut events = Events::default();
        events.add(Kind::Scaled { from: 3, to: 5, calls: 33.2, target: 7.0 });
        let mut event = serde_json::to_value(&events.list()[0]).unwrap();
        let at = event["at"].take();
        assert!(at.as_str().unwrap().ends_with('Z'), "{at}");
        let expected = json!({ "id": 1, "at": null, "kind": "scaled", "from": 3, "to": 5, "calls": 33.2, "target": 7.0 });
        assert_eq!(event, expected);
        events.add(Kind::ToZero);
        assert_eq!(serde_json::to_value(&events.list()[1]).unwrap()["kind"], "to_zero");
    }
}

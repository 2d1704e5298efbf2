//! The last ninety seconds, one value a second. A second of which nothing was known is null.

use std::collections::VecDeque;

use barrage::time::Millis;
use serde::Serialize;

use super::rates::{Sample, rounded};

/// What is known at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The totals, and how many messages wait.
    pub(super) totals: Option<(Sample, u64)>,
    /// How many processors are ready, and how many are wanted.
    pub(super) ready: Option<u64>,
    pub(super) wanted: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Second {
    accepted: Option<f64>,
    finished: Option<f64>,
    waiting: Option<u64>,
    ready: Option<u64>,
    wanted: Option<u64>,
}

/// The seconds, oldest first: always as many.
#[derive(Debug)]
pub(super) struct History {
    seconds: VecDeque<Second>,
    /// The last second that was noted, since 1970, and the totals then.
    last: Option<(i64, Option<Sample>)>,
}

/// As the API shows it: a list for each line of the chart.
#[derive(Debug, Serialize)]
pub(super) struct HistoryJson {
    step_ms: i64,
    r#in: Vec<Option<f64>>,
    out: Vec<Option<f64>>,
    waiting: Vec<Option<u64>>,
    ready: Vec<Option<u64>>,
    wanted: Vec<Option<u64>>,
}

impl Default for History {
    fn default() -> Self {
        Self { seconds: vec![Second::default(); Self::SECONDS].into(), last: None }
    }
}

impl History {
    pub(super) const SECONDS: usize = 90;

    /// Adds a second when it is over. Seconds that nobody has looked at stay unknown; what was finished in them is part
    /// of the mean of the next one.
    pub(super) fn note(&mut self, now: Millis, known: Known) {
        let second = now.as_seconds();
        let sample = known.totals.map(|(sample, _)| sample);
        let Some((before, earlier)) = self.last else {
            self.last = Some((second, sample));
            return;
        };
        if second == before {
            return;
        }
        let missed = usize::try_from(second - before - 1).unwrap_or_default(); // The clock may go back.
        for _ in 0..missed.min(Self::SECONDS) {
            self.push(Second::default());
        }
        let has_begun_again = |now: &Sample, then: &Sample| {
            now.accepted < then.accepted || now.finished < then.finished
        };
        let rate = sample.zip(earlier).filter(|(now, then)| !has_begun_again(now, then));
        let rate = rate.and_then(|(now, then)| now.rate_since(&then));
        self.push(Second {
            accepted: rate.map(|rate| rate.accepted),
            finished: rate.map(|rate| rate.finished),
            waiting: known.totals.map(|(_, waiting)| waiting),
            ready: known.ready,
            wanted: known.wanted,
        });
        self.last = Some((second, sample));
    }

    fn push(&mut self, second: Second) {
        self.seconds.pop_front();
        self.seconds.push_back(second);
    }

    pub(super) fn json(&self) -> HistoryJson {
        let each = |of: fn(&Second) -> Option<u64>| self.seconds.iter().map(of).collect();
        let rates = |of: fn(&Second) -> Option<f64>| {
            self.seconds.iter().map(|second| of(second).map(rounded)).collect()
        };
        HistoryJson {
            step_ms: 1000,
            r#in: rates(|it| it.accepted),
            out: rates(|it| it.finished),
            waiting: each(|it| it.waiting),
            ready: each(|it| it.ready),
            wanted: each(|it| it.wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(at: i64, accepted: u64, finished: u64) -> Known {
        let sample = Sample { at: Millis(at), accepted, finished };
        Known { totals: Some((sample, accepted - finished)), ready: Some(2), wanted: None }
    }

    /// The last values of each list after these moments.
    fn tail(moments: &[(i64, Option<(u64, u64)>)], count: usize) -> serde_json::Value {
        let mut history = History::default();
        for (at, totals) in moments {
            let known = totals.map_or(Known::default(), |(a, f)| known(*at, a, f));
            history.note(Millis(*at), known);
        }
        let mut json = serde_json::to_value(history.json()).unwrap();
        for list in json.as_object_mut().unwrap().values_mut().filter_map(|it| it.as_array_mut()) {
            list.drain(..History::SECONDS - count);
        }
        json
    }

    #[test]
    fn each_second_has_the_difference_of_the_totals_and_what_waits() {
        let moments: Vec<_> =
            (0..=12).map(|n| (n * 250, Some((n as u64 * 25, n as u64 * 15)))).collect();
        let expected = serde_json::json!({
            "step_ms": 1000, "in": [null, 100.0, 100.0, 100.0], "out": [null, 60.0, 60.0, 60.0],
            "waiting": [null, 40, 80, 120], "ready": [null, 2, 2, 2], "wanted": [null, null, null, null],
        });
        assert_eq!(tail(&moments, 4), expected);
    }

    #[test]
    fn what_nobody_knew_is_null_and_what_comes_after_a_pause_is_no_peak() {
        let young = [
            (0, None),
            (1_000, None),
            (2_000, Some((5_000, 5_000))),
            (3_000, Some((5_010, 5_000))),
        ];
        assert_eq!(tail(&young, 3)["in"], serde_json::json!([null, null, 10.0]));
        let paused = [(0, Some((0, 0))), (1_000, Some((10, 10))), (6_000, Some((60, 60)))];
        assert_eq!(tail(&paused, 6)["in"], serde_json::json!([10.0, null, null, null, null, 10.0]));
        let recreated = [(0, Some((100, 100))), (1_000, Some((1, 0))), (2_000, Some((3, 1)))];
        assert_eq!(tail(&recreated, 2)["in"], serde_json::json!([null, 2.0]));
    }

    proptest! {
        #[test]
        fn a_history_always_has_ninety_values(
            moments in proptest::collection::vec(
                (-5_000..400_000i64, proptest::option::of((0..1_000_000u64, 0..1_000u64))), 0..300,
            ),
        ) {
            let mut history = History::default();
            for (at, totals) in moments {
                let known = totals.map_or(Known::default(), |(f, more)| known(at, f + more, f));
                history.note(Millis(at), known);
                let json = history.json();
                prop_assert_eq!(json.r#in.len(), 90);
                prop_assert_eq!([&json.waiting, &json.ready, &json.wanted].map(Vec::len), [90; 3]);
                prop_assert!(json.r#in.iter().chain(&json.out).flatten().all(|it| *it >= 0.0));
            }
        }
    }
}

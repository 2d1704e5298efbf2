//! What a homepage sees happen by itself: the first message after a quiet time, bursts, and, where no launcher tells of
//! it, more or fewer processors.

use std::collections::VecDeque;

use barrage::time::Millis;
use serde::Serialize;

use super::history::History;
use super::rates::{Rates, Sample};

/// The kinds of events. The launcher has its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Moment {
    FirstMessage,
    /// So many messages came in the first seconds.
    Burst {
        messages: u64,
    },
    /// As many processors store rows. Nobody says why.
    Scaled {
        from: u64,
        to: u64,
        calls: Option<f64>,
        target: Option<f64>,
    },
    PartDown {
        part: &'static str,
    },
    /// `ms` is how long it was away. `lost` is null until all is finished that was accepted before it was back.
    PartBack {
        part: &'static str,
        ms: Option<i64>,
        lost: Option<u64>,
    },
}

/// The moments of the last ninety seconds.
#[derive(Debug, Default)]
pub(super) struct Moments {
    kept: VecDeque<(Millis, Moment)>,
    before: Option<Sample>,
    /// Since when nothing comes and nothing waits.
    quiet_since: Option<Millis>,
    burst: Option<Burst>,
    processors: Processors,
}

#[derive(Clone, Copy, Debug)]
struct Burst {
    at: Millis,
    /// How many messages had been accepted before it.
    accepted_before: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Processors {
    told: u64,
    /// Another number, and since when.
    changed: Option<(u64, Millis)>,
}

impl Moments {
    /// How many are kept, and for how many milliseconds.
    const MAX: usize = 50;
    const SHOWN: i64 = History::SECONDS as i64 * 1000;
    /// After so many milliseconds of quiet, a message is a first one.
    const QUIET: i64 = 30_000;
    /// A burst has at least so many messages per second …
    const BURST_RATE: f64 = 20.0;
    /// … and so many times as many as came in the seconds before.
    const BURST_JUMP: f64 = 3.0;
    /// For so many milliseconds its messages are counted, and no other burst begins.
    const BURST_COUNTED: i64 = 5_000;
    /// So many milliseconds the number of processors must stay the same, before it is told.
    const STEADY: i64 = 2_000;

    /// Looks at the totals, of which `rates` has the newest.
    pub(super) fn note_totals(&mut self, rates: &Rates, waiting: u64) {
        let Some(now) = rates.last() else {
            (self.before, self.quiet_since, self.burst) = (None, None, None);
            return;
        };
        self.note_first(now, waiting);
        self.note_burst(now, rates);
        self.before = Some(now);
    }

    fn note_first(&mut self, now: Sample, waiting: u64) {
        let comes = self.before.is_some_and(|before| now.accepted > before.accepted);
        let is_very_first = self.before.is_some_and(|before| before.accepted == 0);
        let was_quiet = self.quiet_since.is_some_and(|since| now.at.0 - since.0 >= Self::QUIET);
        if comes && (was_quiet || is_very_first) {
            self.add(now.at, Moment::FirstMessage);
        }
        let is_quiet = !comes && waiting == 0;
        self.quiet_since = is_quiet.then(|| self.quiet_since.unwrap_or(now.at));
    }

    fn note_burst(&mut self, now: Sample, rates: &Rates) {
        let counted = |burst: &Burst| (0..Self::BURST_COUNTED).contains(&(now.at.0 - burst.at.0));
        if let Some(burst) = self.burst.filter(counted) {
            let count = now.accepted.saturating_sub(burst.accepted_before);
            for (at, moment) in &mut self.kept {
                if let Moment::Burst { messages } = moment
                    && *at == burst.at
                {
                    *messages = count;
                }
            }
            return;
        }
        let (Some(last), Some(before)) = (rates.mean(1_000, 0), rates.mean(6_000, 1_000)) else {
            return; // What was there at the start is no burst.
        };
        let (last, before) = (last.accepted, before.accepted);
        if last >= Self::BURST_RATE && last >= Self::BURST_JUMP * before {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let messages = last.round() as u64;
            self.add(now.at, Moment::Burst { messages });
            let accepted_before = now.accepted.saturating_sub(messages);
            self.burst = Some(Burst { at: now.at, accepted_before });
        }
    }

    /// Looks at how many processors store rows. None says nothing: without messages, nobody sees a processor.
    pub(super) fn note_processors(&mut self, now: Millis, count: u64) {
        let told = self.processors.told;
        if count == 0 || told == 0 || count == told {
            let told = if count == 0 { told } else { count };
            self.processors = Processors { told, changed: None };
            return;
        }
        let changed = self.processors.changed.filter(|(number, _)| *number == count);
        let (_, since) = *self.processors.changed.insert(changed.unwrap_or((count, now)));
        if now.0 - since.0 >= Self::STEADY {
            let scaled = Moment::Scaled { from: told, to: count, calls: None, target: None };
            self.add(since, scaled);
            self.processors = Processors { told: count, changed: None };
        }
    }

    fn add(&mut self, at: Millis, moment: Moment) {
        self.kept.retain(|(kept, _)| at.0 - kept.0 < Self::SHOWN);
        if self.kept.len() >= Self::MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((at, moment));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Millis, Moment)> {
        self.kept.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments when so many messages a second come: for each second, the rate.
    fn moments(rates_of_seconds: &[u64], waiting: u64) -> Vec<(i64, Moment)> {
        let (mut rates, mut moments) = (Rates::default(), Moments::default());
        let mut accepted = 7;
        for (second, rate) in rates_of_seconds.iter().enumerate() {
            for quarter in 0..4 {
                let at = Millis(second as i64 * 1_000 + quarter * 250);
                rates.note(Sample { at, accepted, finished: 0 });
                moments.note_totals(&rates, waiting);
                accepted += rate / 4;
            }
        }
        moments.all().map(|(at, moment)| (at.0, moment)).collect()
    }

    fn seconds(parts: &[(usize, u64)]) -> Vec<u64> {
        parts.iter().flat_map(|(count, rate)| vec![*rate; *count]).collect()
    }

    #[test]
    fn a_message_is_the_first_one_after_thirty_quiet_seconds() {
        let first = |quiet| moments(&seconds(&[(1, 4), (quiet, 0), (2, 4)]), 0);
        assert!(first(29).is_empty());
        assert_eq!(first(31), [(32_250, Moment::FirstMessage)]);
        let all = moments(&seconds(&[(1, 4), (60, 0), (2, 4)]), 1);
        assert!(all.is_empty(), "something waits: {all:?}");
    }

    #[test]
    fn a_burst_is_a_jump_of_the_rate_and_its_messages_are_counted() {
        // From 8 a second to 80: after a quarter of a second it is 26 in the last one.
        let all = moments(&seconds(&[(10, 8), (10, 80)]), 1);
        assert_eq!(all, [(10_250, Moment::Burst { messages: 26 + 19 * 20 })]);
        for no_burst in [[(10, 4), (10, 16)], [(10, 40), (10, 100)], [(10, 80), (10, 80)]] {
            assert!(moments(&seconds(&no_burst), 1).is_empty(), "{no_burst:?}");
        }
        let two = moments(&seconds(&[(5, 0), (2, 100), (10, 0), (2, 100)]), 1);
        assert_eq!(two.len(), 2, "{two:?}");
    }

    #[test]
    fn what_comes_already_when_the_homepage_starts_is_no_burst() {
        assert!(moments(&seconds(&[(10, 400)]), 1).is_empty());
    }

    #[test]
    fn the_number_of_processors_is_told_when_it_stays_and_none_says_nothing() {
        let mut moments = Moments::default();
        for (at, count) in [
            (0, 3),
            (1_000, 5),
            (2_000, 3),
            (3_000, 5),
            (4_000, 5),
            (5_000, 5),
            (9_000, 0),
            (20_000, 0),
            (21_000, 5),
            (22_000, 1),
            (24_000, 1),
        ] {
            moments.note_processors(Millis(at), count);
        }
        let scaled = |from, to| Moment::Scaled { from, to, calls: None, target: None };
        let all: Vec<_> = moments.all().map(|(at, moment)| (at.0, moment)).collect();
        assert_eq!(all, [(3_000, scaled(3, 5)), (22_000, scaled(5, 1))]);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut moments = Moments::default();
        (0..1_000).for_each(|n| moments.add(Millis(n), Moment::FirstMessage));
        assert_eq!(moments.kept.len(), Moments::MAX);
        moments.add(Millis(90_999), Moment::FirstMessage);
        assert_eq!(moments.kept.len(), 1);
    }
}

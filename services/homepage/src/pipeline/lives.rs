//! The lives of the processors in the last ninety seconds: when each was started, when it was ready, when it began to
//! drain, and when it was gone. A processor that died and is back has two lives.

use barrage::time::Millis;
use serde::Serialize;

use super::history::History;
use crate::launcher::scaling::State;

/// A processor as it is seen now.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) slot: Option<u64>,
    pub(super) state: State,
    /// Since when it is in that state.
    pub(super) since: Millis,
    /// When it was known to be there for the last time.
    pub(super) last: Millis,
}

/// All lives that are not over for long, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Lives(Vec<Life>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Life {
    name: String,
    slot: Option<u64>,
    from: Millis,
    ready: Option<Millis>,
    draining: Option<Millis>,
    until: Option<Millis>,
    last: Millis,
}

/// As the API shows it, in milliseconds ago.
#[derive(Debug, Serialize)]
pub(super) struct LifeJson<'a> {
    slot: Option<u64>,
    name: &'a str,
    from_ms: i64,
    ready_ms: Option<i64>,
    draining_ms: Option<i64>,
    until_ms: Option<i64>,
}

impl Lives {
    /// The most lives that are kept. A processor that dies all the time does not fill the memory.
    const MAX: usize = 256;
    const SHOWN: i64 = History::SECONDS as i64 * 1000;

    /// Notes all processors that are there now.
    pub(super) fn note(&mut self, now: Millis, all: &[Seen]) {
        for life in self.0.iter_mut().filter(|life| life.until.is_none()) {
            if !all.iter().any(|seen| seen.name == life.name) {
                life.until = Some(life.last);
            }
        }
        all.iter().for_each(|seen| self.see(seen));
        self.0.retain(|life| life.until.is_none_or(|until| now.0 - until.0 < Self::SHOWN));
        let surplus = self.0.len().saturating_sub(Self::MAX);
        self.0.drain(..surplus);
    }

    fn see(&mut self, seen: &Seen) {
        let open = self.0.iter_mut().rfind(|life| life.name == seen.name && life.until.is_none());
        let since = seen.since;
        match (open, seen.state) {
            (None, State::Died | State::Gone) => {}
            (Some(life), State::Died | State::Gone) => life.until = Some(since),
            (Some(life), State::Starting) if life.ready.is_some() => {
                // It died and was started again between two looks.
                life.until = Some(since);
                self.0.push(Life::begun(seen));
            }
            (None, _) => self.0.push(Life::begun(seen)),
            (Some(life), state) => life.go_on(seen, state),
        }
    }

    pub(super) fn json(&self, now: Millis) -> Vec<LifeJson<'_>> {
        self.0.iter().map(|life| life.json(now)).collect()
    }
}

impl Life {
    fn begun(seen: &Seen) -> Self {
        let Seen { name, slot, state, since, last } = seen.clone();
        let mut life =
            Self { name, slot, from: since, ready: None, draining: None, until: None, last };
        life.go_on(seen, state);
        life
    }

    fn json(&self, now: Millis) -> LifeJson<'_> {
        let ago = |at: Millis| (now.0 - at.0).max(0);
        LifeJson {
            slot: self.slot,
            name: &self.name,
            from_ms: ago(self.from),
            ready_ms: self.ready.map(ago),
            draining_ms: self.draining.map(ago),
            until_ms: self.until.map(ago),
        }
    }

    fn go_on(&mut self, seen: &Seen, state: State) {
        (self.last, self.slot) = (seen.last, self.slot.or(seen.slot));
        match state {
            State::Starting | State::Died | State::Gone => {}
            State::Ready | State::Frozen => {
                self.ready.get_or_insert(seen.since);
            }
            State::Draining => {
                self.draining.get_or_insert(seen.since);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(state: State, since: i64) -> Seen {
        let last = Millis(since);
        Seen { name: "p-1".into(), slot: Some(1), state, since: Millis(since), last }
    }

    /// The lives after these looks, as from, ready, draining and until.
    type Times = (i64, Option<i64>, Option<i64>, Option<i64>);

    fn lives(looks: &[(i64, &[Seen])]) -> Vec<Times> {
        let mut lives = Lives::default();
        looks.iter().for_each(|(now, all)| lives.note(Millis(*now), all));
        let at = |at: Option<Millis>| at.map(|at| at.0);
        let times = |it: &Life| (it.from.0, at(it.ready), at(it.draining), at(it.until));
        lives.0.iter().map(times).collect()
    }

    #[test]
    fn a_life_begins_with_the_start_and_ends_when_its_processor_is_gone() {
        use State::{Draining, Gone, Ready, Starting};
        let all = lives(&[
            (100, &[seen(Starting, 90)]),
            (350, &[seen(Starting, 90)]),
            (600, &[seen(Ready, 500)]),
            (850, &[seen(Ready, 500)]),
            (1_100, &[seen(Draining, 1_000)]),
            (1_350, &[seen(Gone, 1_300)]),
            (1_600, &[seen(Gone, 1_300)]),
        ]);
        assert_eq!(all, [(90, Some(500), Some(1_000), Some(1_300))]);
    }

    #[test]
    fn who_died_and_is_back_has_two_lives_also_if_nobody_saw_it_dead() {
        use State::{Died, Ready, Starting};
        let second = (500, Some(800), None, None);
        let seen_dead =
            [(0, &[seen(Ready, 0)][..]), (450, &[seen(Died, 400)]), (550, &[seen(Starting, 500)])];
        let unseen = [(0, &[seen(Ready, 0)][..]), (550, &[seen(Starting, 500)])];
        let ready = [(900, &[seen(Ready, 800)][..])];
        let first = |until| (0, Some(0), None, Some(until));
        assert_eq!(lives(&[&seen_dead[..], &ready].concat()), [first(400), second]);
        assert_eq!(lives(&[&unseen[..], &ready].concat()), [first(500), second]);
    }

    #[test]
    fn who_is_not_seen_any_more_was_gone_when_it_was_seen_last() {
        let all = lives(&[(0, &[seen(State::Ready, 0)]), (250, &[]), (500, &[])]);
        assert_eq!(all, [(0, Some(0), None, Some(0))]);
    }

    #[test]
    fn a_life_that_is_over_is_shown_for_ninety_seconds_and_there_are_never_too_many() {
        let gone = (1_000, &[][..]);
        assert_eq!(lives(&[(0, &[seen(State::Ready, 0)]), gone, (89_999, &[])]).len(), 1);
        assert_eq!(lives(&[(0, &[seen(State::Ready, 0)]), gone, (90_000, &[])]).len(), 0);
        let dying = |n: i64| [seen(if n % 2 == 0 { State::Ready } else { State::Died }, n)];
        let looks: Vec<_> = (0..2_000).map(|n| (n, dying(n))).collect();
        let looks: Vec<_> = looks.iter().map(|(now, all)| (*now, &all[..])).collect();
        assert_eq!(lives(&looks).len(), Lives::MAX);
    }
}

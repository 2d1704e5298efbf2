//! What becomes of each message that was accepted, by its id.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use serde::Deserialize;
use uuid::Uuid;

/// Where a message lies in Kafka.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It has a row and is shown.
    Shown,
    /// It has a row and is not shown.
    Blocked,
    /// It was filtered or dead-lettered.
    WithoutRow,
}

/// The messages of a run. Times are since its begin.
///
/// A bullet may be seen before the answer to its own request: the feed is not slower than the answer.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accepted: HashMap<Uuid, Message>,
    /// Bullets of ours whose acknowledgement has not come, or never will.
    early: HashMap<Uuid, Sighting>,
    open: u64,
    twice: u64,
    came_again: u64,
}

#[derive(Debug)]
struct Message {
    place: Place,
    due: Duration,
    fate: Option<Fate>,
}

#[derive(Debug)]
struct Sighting {
    place: Place,
    at: Duration,
}

/// How many messages ended how.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Count {
    pub(crate) accepted: u64,
    pub(crate) shown: u64,
    pub(crate) blocked: u64,
    pub(crate) without_row: u64,
    pub(crate) open: u64,
    pub(crate) twice: u64,
    pub(crate) unheard: u64,
    pub(crate) came_again: u64,
}

impl Ledger {
    /// A message that was due then was accepted. Tells how long it took until it was shown, where it has
    /// been seen already.
    pub(crate) fn accept(&mut self, id: Uuid, place: Place, due: Duration) -> Option<Duration> {
        let seen = self.early.remove(&id);
        if seen.as_ref().is_some_and(|seen| seen.place != place) {
            self.twice += 1;
        }
        let fate = seen.as_ref().map(|_| Fate::Shown);
        self.accepted.insert(id, Message { place, due, fate });
        self.open += u64::from(fate.is_none());
        seen.map(|seen| seen.at.saturating_sub(due))
    }

    /// A bullet of ours was seen. Tells how long that took since it was due, at the first time.
    pub(crate) fn see(&mut self, id: Uuid, place: Place, at: Duration) -> Option<Duration> {
        let Some(message) = self.accepted.get_mut(&id) else {
            match self.early.entry(id) {
                Entry::Vacant(vacant) => _ = vacant.insert(Sighting { place, at }),
                Entry::Occupied(seen) if seen.get().place == place => self.came_again += 1,
                Entry::Occupied(_) => self.twice += 1,
            }
            return None;
        };
        if message.place != place {
            self.twice += 1;
            return None;
        }
        if message.fate.is_some() {
            self.came_again += 1;
            return None;
        }
        message.fate = Some(Fate::Shown);
        self.open -= 1;
        Some(at.saturating_sub(message.due))
    }

    /// What barrage says has become of a message that was not seen.
    pub(crate) fn settle(&mut self, id: Uuid, fate: Fate) {
        let message = self.accepted.get_mut(&id).filter(|message| message.fate.is_none());
        if let Some(message) = message {
            message.fate = Some(fate);
            self.open -= 1;
        }
    }

    /// Those of which this became, or nothing that is known, in the order of their places.
    pub(crate) fn of_fate(&self, fate: Option<Fate>) -> Vec<(Uuid, Place)> {
        let found = self.accepted.iter().filter(|(_, message)| message.fate == fate);
        let mut found: Vec<_> = found.map(|(id, message)| (*id, message.place)).collect();
        found.sort_by_key(|(_, place)| (place.partition, place.offset));
        found
    }

    /// How many those are.
    pub(crate) fn open_count(&self) -> u64 {
        self.open
    }

    /// How many were accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.len() as u64
    }

    /// The account.
    pub(crate) fn count(&self) -> Count {
        let ended = |fate| {
            let ended = self.accepted.values().filter(|message| message.fate == Some(fate));
            ended.count() as u64
        };
        Count {
            accepted: self.accepted(),
            shown: ended(Fate::Shown),
            blocked: ended(Fate::Blocked),
            without_row: ended(Fate::WithoutRow),
            open: self.open,
            twice: self.twice,
            unheard: self.early.len() as u64,
            came_again: self.came_again,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const AT: Place = Place { partition: 1, offset: 7 };
    const ELSEWHERE: Place = Place { partition: 1, offset: 8 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_message_is_settled_when_its_bullet_is_seen() {
        let (mut ledger, id) = (Ledger::default(), Uuid::from_u128(1));
        assert_eq!(ledger.accept(id, AT, seconds(2)), None);
        assert_eq!(ledger.of_fate(None), [(id, AT)]);
        assert_eq!(ledger.see(id, AT, seconds(5)), Some(seconds(3)));
        assert_eq!(ledger.see(id, AT, seconds(6)), None);
        let expected = Count { accepted: 1, shown: 1, came_again: 1, ..Count::default() };
        assert_eq!(ledger.count(), expected);
    }

    #[test]
    fn a_bullet_may_come_before_the_answer() {
        let (mut ledger, id) = (Ledger::default(), Uuid::from_u128(1));
        assert_eq!(ledger.see(id, AT, seconds(5)), None);
        assert_eq!(ledger.count().unheard, 1);
        assert_eq!(ledger.accept(id, AT, seconds(2)), Some(seconds(3)));
        assert_eq!(ledger.count(), Count { accepted: 1, shown: 1, ..Count::default() });
    }

    #[test]
    fn a_message_with_a_second_row_is_there_twice() {
        let (mut ledger, [early, late]) = (Ledger::default(), [1, 2].map(Uuid::from_u128));
        ledger.see(early, ELSEWHERE, seconds(1));
        ledger.accept(early, AT, seconds(0));
        ledger.accept(late, AT, seconds(0));
        ledger.see(late, AT, seconds(1));
        ledger.see(late, ELSEWHERE, seconds(2));
        assert_eq!(ledger.count().twice, 2);
    }

    #[test]
    fn what_barrage_says_settles_a_message_that_nobody_saw() {
        let mut ledger = Ledger::default();
        let fates = [Fate::Shown, Fate::Blocked, Fate::WithoutRow];
        for (id, fate) in (1..).map(Uuid::from_u128).zip(fates) {
            ledger.accept(id, AT, seconds(0));
            ledger.settle(id, fate);
            ledger.settle(id, Fate::Shown);
        }
        let last = (Uuid::from_u128(3), AT);
        assert_eq!(ledger.of_fate(Some(Fate::WithoutRow)), [last]);
        let Count { shown, blocked, without_row, open, .. } = ledger.count();
        assert_eq!((shown, blocked, without_row, open), (1, 1, 1, 0));
    }

    proptest! {
        #[test]
        fn every_accepted_message_is_counted_in_exactly_one_way(
            steps in vec((0_u8..4, 0_u128..20, 0_i64..2), 0..200)
        ) {
            let mut ledger = Ledger::default();
            let mut accepted = std::collections::HashSet::new();
            for (step, id, offset) in steps {
                let (id, place) = (Uuid::from_u128(id), Place { partition: 0, offset });
                match step {
                    0 if accepted.insert(id) => _ = ledger.accept(id, place, seconds(0)),
                    0 | 1 => _ = ledger.see(id, place, seconds(1)),
                    2 => ledger.settle(id, Fate::Blocked),
                    _ => ledger.settle(id, Fate::WithoutRow),
                }
            }
            let count = ledger.count();
            prop_assert_eq!(count.accepted, accepted.len() as u64);
            let settled = count.shown + count.blocked + count.without_row;
            prop_assert_eq!(settled + count.open, count.accepted);
            prop_assert_eq!(ledger.of_fate(None).len() as u64, ledger.open_count());
        }
    }
}

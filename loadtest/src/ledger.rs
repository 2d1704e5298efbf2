//! The load tester's ledger: what becomes of each single message that was accepted, by its id.

use std::{collections::HashMap, time::Duration};

use client::{
    accounts::{Account, Accounts, Sighting},
    message::Position,
};
use uuid::Uuid;

use crate::report;

/// How an accepted message ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// It has a row and is shown.
    Shown,
    /// It has a row and is not shown.
    Blocked,
    /// It was filtered or dead-lettered.
    WithoutRow,
    /// Kafka deleted it before it was processed.
    Expired,
}

/// The single messages of a run. Times count from the run's start.
///
/// A bullet may be seen before the answer to its own request: the feed is not slower than the answer.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Accounts<Uuid>,
    /// When an open message was due, or when a bullet was seen whose message is not known to be accepted.
    times: HashMap<Uuid, Duration>,
    came_again: u64,
}

impl Ledger {
    /// A message that was due then was accepted. If its bullet was seen already, returns how long that took.
    pub(crate) fn accept(
        &mut self,
        id: Uuid,
        position: Position,
        due: Duration,
    ) -> Option<Duration> {
        self.accounts.accept(id, position);
        let seen = self.times.remove(&id);
        if seen.is_none() {
            self.times.insert(id, due);
        }
        seen.map(|seen| seen.saturating_sub(due))
    }

    /// A bullet of ours was seen. At the first time, returns how long that took since its message was due.
    pub(crate) fn see(&mut self, id: Uuid, position: Position, at: Duration) -> Option<Duration> {
        match self.accounts.see_row(id, position, false) {
            Sighting::First => {}
            Sighting::Again => {
                self.came_again += 1;
                return None;
            }
            Sighting::OtherRow => return None,
        }
        let is_accepted = self.accounts.get(&id).is_some_and(|account| account.accepted > 0);
        if !is_accepted {
            self.times.insert(id, at);
            return None;
        }
        self.times.remove(&id).map(|due| at.saturating_sub(due))
    }

    /// Barrage says how an open message ended.
    pub(crate) fn settle(&mut self, id: Uuid, ending: Ending) {
        let open = self.accounts.get(&id).filter(|account| account.is_open());
        let Some(position) = open.and_then(|account| account.position) else { return };
        match ending {
            Ending::Shown => _ = self.accounts.see_row(id, position, false),
            Ending::Blocked => _ = self.accounts.see_row(id, position, true),
            Ending::WithoutRow => self.accounts.end_without_row(id),
            Ending::Expired => self.accounts.expire(id),
        }
        self.times.remove(&id);
    }

    /// The messages of whose end nothing is known, in the order of their positions.
    pub(crate) fn open(&self) -> Vec<(Uuid, Position)> {
        self.those(Account::is_open)
    }

    /// The messages that were filtered or dead-lettered, in the order of their positions.
    pub(crate) fn without_row(&self) -> Vec<(Uuid, Position)> {
        self.those(is_without_row)
    }

    fn those(&self, are: fn(&Account) -> bool) -> Vec<(Uuid, Position)> {
        let those = self.accounts.iter().filter(|(_, account)| are(account));
        let mut those: Vec<_> = those.filter_map(|(id, it)| Some((*id, it.position?))).collect();
        those.sort_by_key(|(_, position)| *position);
        those
    }

    pub(crate) fn open_count(&self) -> u64 {
        self.accounts.open()
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accounts.accepted()
    }

    /// How many messages ended how. Open messages count as unsettled.
    pub(crate) fn count(&self) -> report::Ledger {
        let has_row = |it: &Account| it.accepted > 0 && it.row.is_some();
        report::Ledger {
            accepted: self.accepted(),
            stored: self.accounts.count(|it| has_row(it) && !it.is_blocked),
            blocked: self.accounts.count(|it| has_row(it) && it.is_blocked),
            without_row: self.accounts.count(is_without_row),
            expired: self.accounts.count(is_expired),
            unsettled: self.open_count(),
            twice: self.accounts.iter().map(|(_, it)| u64::from(it.excess_rows())).sum(),
            unheard: self.accounts.count(|it| it.accepted == 0),
            came_again: self.came_again,
            ..report::Ledger::default()
        }
    }
}

fn is_without_row(account: &Account) -> bool {
    account.ended_without_row && account.row.is_none()
}

fn is_expired(account: &Account) -> bool {
    account.has_expired && account.row.is_none()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const HERE: Position = Position { partition: 1, offset: 7 };

    fn shown_once(came_again: u64) -> report::Ledger {
        report::Ledger { accepted: 1, stored: 1, came_again, ..report::Ledger::default() }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_message_is_settled_when_its_bullet_is_seen() {
        let (mut ledger, id) = (Ledger::default(), Uuid::from_u128(1));
        assert_eq!(ledger.accept(id, HERE, seconds(2)), None);
        assert_eq!(ledger.open(), [(id, HERE)]);
        assert_eq!(ledger.see(id, HERE, seconds(5)), Some(seconds(3)));
        assert_eq!(ledger.see(id, HERE, seconds(6)), None);
        assert_eq!(ledger.count(), shown_once(1));
    }

    #[test]
    fn a_bullet_may_come_before_the_answer() {
        let (mut ledger, id) = (Ledger::default(), Uuid::from_u128(1));
        assert_eq!(ledger.see(id, HERE, seconds(5)), None);
        assert_eq!(ledger.count().unheard, 1);
        assert_eq!(ledger.accept(id, HERE, seconds(2)), Some(seconds(3)));
        assert_eq!(ledger.count(), shown_once(0));
    }

    #[test]
    fn barrage_settles_a_message_that_nobody_saw() {
        let mut ledger = Ledger::default();
        let endings = [Ending::Shown, Ending::Blocked, Ending::WithoutRow, Ending::Expired];
        for (id, ending) in (1..).map(Uuid::from_u128).zip(endings) {
            ledger.accept(id, HERE, seconds(0));
            ledger.settle(id, ending);
            ledger.settle(id, Ending::Shown);
        }
        assert_eq!(ledger.without_row(), [(Uuid::from_u128(3), HERE)]);
        let report::Ledger { stored, blocked, without_row, expired, unsettled, .. } =
            ledger.count();
        assert_eq!((stored, blocked, without_row, expired, unsettled), (1, 1, 1, 1, 0));
    }

    proptest! {
        #[test]
        fn every_accepted_message_is_counted_in_exactly_one_way(
            steps in vec((0_u8..5, 0_u128..20, 0_i64..2), 0..200)
        ) {
            let mut ledger = Ledger::default();
            let mut accepted = std::collections::HashSet::new();
            for (step, id, offset) in steps {
                let (id, position) = (Uuid::from_u128(id), Position { partition: 0, offset });
                match step {
                    0 if accepted.insert(id) => _ = ledger.accept(id, position, seconds(0)),
                    0 | 1 => _ = ledger.see(id, position, seconds(1)),
                    2 => ledger.settle(id, Ending::Blocked),
                    3 => ledger.settle(id, Ending::Expired),
                    _ => ledger.settle(id, Ending::WithoutRow),
                }
            }
            let count = ledger.count();
            prop_assert_eq!(count.accepted, accepted.len() as u64);
            let settled = count.stored + count.blocked + count.without_row + count.expired;
            prop_assert_eq!(settled + count.unsettled, count.accepted);
            prop_assert_eq!(ledger.open().len() as u64, ledger.open_count());
            // A time is kept only until the other one of its pair is known.
            prop_assert_eq!(ledger.times.len() as u64, count.unsettled + count.unheard);
        }
    }
}

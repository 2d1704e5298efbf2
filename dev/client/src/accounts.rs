//! What is known of each message, by its id: where Kafka accepted it, and what became of it.
//!
//! Two ledgers are built on it. That of the tests fills it from Kafka and the table. That of the load tester fills it
//! while a run goes on, from what barrage answers over HTTP.

use std::{
    collections::{HashMap, hash_map},
    hash::Hash,
};

use crate::message::Position;

/// The accounts of messages that are named by an `Id`.
#[derive(Debug)]
pub struct Accounts<Id> {
    by_id: HashMap<Id, Account>,
    accepted: u64,
    open: u64,
}

/// The account of one message. Facts may arrive in any order: a row may be seen before the answer to the request that
/// sent its message.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// How often Kafka accepted it.
    pub accepted: u32,
    /// Where Kafka accepted it first.
    pub position: Option<Position>,
    /// Where its first row lies. Once the message's own position is known, only a row there counts as first.
    pub row: Option<Position>,
    pub is_blocked: bool,
    /// How often other rows of it were seen.
    pub other_rows: u32,
    pub dead_letters: u32,
    /// Barrage says that it ended without a row, but not whether it was filtered or dead-lettered.
    pub ended_without_row: bool,
    /// Barrage says that Kafka deleted it before it was processed.
    pub has_expired: bool,
}

/// What a row that was seen says of its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sighting {
    First,
    /// The same row was seen before.
    Again,
    /// It is another row of the same message.
    OtherRow,
}

impl Account {
    /// How many rows were seen, where no other row was seen again.
    pub fn rows(&self) -> u32 {
        u32::from(self.row.is_some()) + self.other_rows
    }

    /// How many rows are too many: second ones, and one that does not lie where Kafka accepted the message.
    pub fn excess_rows(&self) -> u32 {
        let is_elsewhere =
            self.position.is_some() && self.row.is_some() && self.row != self.position;
        self.other_rows + u32::from(is_elsewhere)
    }

    /// Whether Kafka accepted it and nothing is known of its end.
    pub fn is_open(&self) -> bool {
        let has_no_row = self.ended_without_row || self.has_expired || self.dead_letters > 0;
        self.accepted > 0 && self.row.is_none() && !has_no_row
    }

    fn accept(&mut self, position: Position) {
        self.accepted += 1;
        self.position.get_or_insert(position);
    }

    fn see_row(&mut self, position: Position, is_blocked: bool) -> Sighting {
        match (self.position.or(self.row), self.row) {
            (Some(its), _) if its != position => {
                self.other_rows += 1;
                Sighting::OtherRow
            }
            (_, Some(_)) => Sighting::Again,
            (_, None) => {
                (self.row, self.is_blocked) = (Some(position), is_blocked);
                Sighting::First
            }
        }
    }
}

impl<Id: Eq + Hash> Accounts<Id> {
    /// Kafka accepted a message at this position.
    pub fn accept(&mut self, id: Id, position: Position) {
        self.change(id, |account| account.accept(position));
    }

    /// A row of a message was seen at this position.
    pub fn see_row(&mut self, id: Id, position: Position, is_blocked: bool) -> Sighting {
        self.change(id, |account| account.see_row(position, is_blocked))
    }

    /// A dead letter was seen.
    pub fn see_dead_letter(&mut self, id: Id) {
        self.change(id, |account| account.dead_letters += 1);
    }

    /// Barrage says that a message was filtered or dead-lettered.
    pub fn end_without_row(&mut self, id: Id) {
        self.change(id, |account| account.ended_without_row = true);
    }

    /// Barrage says that Kafka deleted a message before it was processed.
    pub fn expire(&mut self, id: Id) {
        self.change(id, |account| account.has_expired = true);
    }

    fn change<T>(&mut self, id: Id, change: impl FnOnce(&mut Account) -> T) -> T {
        let account = self.by_id.entry(id).or_default();
        let before = *account;
        let result = change(account);
        self.accepted += u64::from(account.accepted > 0 && before.accepted == 0);
        self.open += u64::from(account.is_open());
        self.open -= u64::from(before.is_open());
        result
    }

    pub fn get(&self, id: &Id) -> Option<&Account> {
        self.by_id.get(id)
    }

    /// All accounts, in no order.
    pub fn iter(&self) -> hash_map::Iter<'_, Id, Account> {
        self.by_id.iter()
    }

    /// How many messages Kafka accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many messages Kafka accepted of whose end nothing is known.
    pub fn open(&self) -> u64 {
        self.open
    }

    pub fn count(&self, is_counted: impl Fn(&Account) -> bool) -> u64 {
        self.by_id.values().filter(|account| is_counted(account)).count() as u64
    }
}

impl<Id> Default for Accounts<Id> {
    fn default() -> Self {
        Self { by_id: HashMap::new(), accepted: 0, open: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Position = Position { partition: 1, offset: 7 };
    const THERE: Position = Position { partition: 1, offset: 8 };

    #[test]
    fn a_message_is_open_until_its_row_is_seen() {
        let mut accounts = Accounts::default();
        accounts.accept("a", HERE);
        assert_eq!((accounts.accepted(), accounts.open()), (1, 1));
        assert_eq!(accounts.see_row("a", HERE, false), Sighting::First);
        assert_eq!(accounts.see_row("a", HERE, false), Sighting::Again);
        assert_eq!((accounts.accepted(), accounts.open()), (1, 0));
        assert_eq!(accounts.get(&"a").map(Account::rows), Some(1));
    }

    #[test]
    fn a_row_may_be_seen_before_its_message_is_known_to_be_accepted() {
        let mut accounts = Accounts::default();
        assert_eq!(accounts.see_row("a", HERE, true), Sighting::First);
        assert_eq!((accounts.accepted(), accounts.open()), (0, 0));
        accounts.accept("a", HERE);
        assert_eq!((accounts.accepted(), accounts.open()), (1, 0));
        assert_eq!(accounts.count(|it| it.is_blocked && it.excess_rows() == 0), 1);
    }

    #[test]
    fn a_row_at_another_position_does_not_end_a_message() {
        let mut accounts = Accounts::default();
        accounts.accept("a", HERE);
        assert_eq!(accounts.see_row("a", THERE, false), Sighting::OtherRow);
        assert_eq!(accounts.open(), 1);
        assert_eq!(accounts.see_row("a", HERE, false), Sighting::First);
        assert_eq!((accounts.open(), accounts.count(|it| it.rows() == 2)), (0, 1));
        accounts.see_row("b", HERE, false);
        accounts.accept("b", THERE);
        assert_eq!(accounts.count(|it| it.excess_rows() == 1), 2);
    }

    #[test]
    fn a_message_may_end_without_a_row() {
        let mut accounts = Accounts::default();
        for id in ["a", "b", "c"] {
            accounts.accept(id, HERE);
        }
        accounts.see_dead_letter("a");
        accounts.end_without_row("b");
        accounts.expire("c");
        assert_eq!((accounts.accepted(), accounts.open()), (3, 0));
    }
}

//! The account of one burst: its rows, by sender and number.

use std::collections::BTreeMap;

use crate::{
    ledger::Place,
    target::{Burst, Row},
};

/// What became of the messages of a burst.
#[derive(Debug)]
pub(crate) struct Account {
    id: String,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) shown: u64,
    pub(crate) blocked: u64,
    senders: BTreeMap<u32, BTreeMap<u64, Vec<Place>>>,
}

impl Account {
    /// Of a burst whose rows follow.
    pub(crate) fn of(burst: &Burst) -> Self {
        let Burst { id, accepted, failed, .. } = burst.clone();
        Self { id, accepted, failed, shown: 0, blocked: 0, senders: BTreeMap::new() }
    }

    /// One of its rows.
    pub(crate) fn add(&mut self, row: &Row) {
        let places = self.senders.entry(row.sender).or_default().entry(row.seq).or_default();
        places.push(row.place);
        if places.len() == 1 {
            self.shown += u64::from(!row.is_blocked());
            self.blocked += u64::from(row.is_blocked());
        }
    }

    /// Messages that have two rows.
    pub(crate) fn twice(&self) -> u64 {
        let numbers = self.senders.values().flat_map(BTreeMap::values);
        numbers.map(|places| places.len() as u64 - 1).sum()
    }

    /// Messages that lie before an earlier one of the same sender. One sender's are all in one partition.
    pub(crate) fn out_of_order(&self) -> u64 {
        let of_sender = |numbers: &BTreeMap<u64, Vec<Place>>| {
            let places: Vec<_> = numbers.values().filter_map(|places| places.first()).collect();
            let is_wrong = |pair: &&[&Place]| {
                pair[0].partition != pair[1].partition || pair[0].offset > pair[1].offset
            };
            places.windows(2).filter(is_wrong).count() as u64
        };
        self.senders.values().map(of_sender).sum()
    }

    /// Accepted messages without a row.
    pub(crate) fn without_row(&self) -> u64 {
        self.accepted.saturating_sub(self.shown + self.blocked)
    }

    /// The names of those, as far as later ones of the same sender tell that they are missing.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = String> {
        self.senders.iter().flat_map(move |(sender, numbers)| {
            let last = numbers.last_key_value().map_or(0, |(seq, _)| *seq);
            let missing = (1..last).filter(|seq| !numbers.contains_key(seq));
            missing.map(move |seq| format!("{}/{sender}/{seq}", self.id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(accepted: u64, rows: &[(u32, u64, i64)]) -> Account {
        let burst =
            serde_json::json!({"id": "b", "state": "done", "accepted": accepted, "failed": 0});
        let mut account = Account::of(&serde_json::from_value(burst).unwrap());
        for (sender, seq, offset) in rows {
            let row = serde_json::json!({
                "id": uuid::Uuid::nil(), "message": "m", "burst": uuid::Uuid::nil(),
                "sender": sender, "seq": seq, "partition": 0, "offset": offset, "sent_at": 0,
                "verdict": if *seq == 3 { "blocked" } else { "shown" },
            });
            account.add(&serde_json::from_value(row).unwrap());
        }
        account
    }

    #[test]
    fn a_burst_whose_every_message_has_a_row_lacks_nothing() {
        let account = account(4, &[(1, 1, 10), (2, 1, 11), (1, 2, 12), (1, 3, 13)]);
        assert_eq!((account.shown, account.blocked, account.without_row()), (3, 1, 0));
        assert_eq!((account.twice(), account.out_of_order()), (0, 0));
        assert_eq!(account.gaps().count(), 0);
    }

    #[test]
    fn what_has_no_row_is_named_where_a_later_one_has() {
        let account = account(5, &[(1, 1, 10), (1, 4, 12)]);
        assert_eq!(account.without_row(), 3);
        assert_eq!(account.gaps().collect::<Vec<_>>(), ["b/1/2", "b/1/3"]);
    }

    #[test]
    fn second_rows_and_wrong_orders_are_counted() {
        let account = account(3, &[(1, 1, 10), (1, 2, 9), (1, 3, 12), (1, 3, 14)]);
        assert_eq!((account.twice(), account.out_of_order()), (1, 1));
        assert_eq!(account.shown + account.blocked, 3);
    }
}

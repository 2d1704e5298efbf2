//! Which offset of a partition may be committed, so that a restart loses no record.
//!
//! Kafka keeps one offset for a group and partition: after a restart, reading goes on there. Records finish
//! in any order. So the offset to commit is that of the oldest record that is not finished, even if all
//! records after it are.
//!
//! Example: offsets 5, 6 and 9 are read. Offsets 7 and 8 hold no record that Kafka delivers.
//!
//! | event | open | may be committed |
//! | --- | --- | --- |
//! | 5, 6 and 9 are read | 5, 6, 9 | 5 |
//! | 9 is finished | 5, 6 | 5 |
//! | 5 is finished | 6 | 6 |
//! | 6 is finished | none | 10: the last read offset + 1 |

use std::collections::BTreeSet;

use barrage::position::Offset;

/// Offsets of one partition that were read and are not finished yet.
#[derive(Debug, Default)]
pub(crate) struct CommitLedger {
    open: BTreeSet<Offset>,
    end: Option<Offset>,
}

impl CommitLedger {
    /// A partition that is read from `begin` on; `None` if nobody knows yet where.
    pub(crate) fn starting_at(begin: Option<Offset>) -> Self {
        Self { open: BTreeSet::new(), end: begin }
    }

    /// Notes that there is no record before `end` that was not read.
    pub(crate) fn skip_to(&mut self, end: Offset) {
        self.end = self.end.max(Some(end));
    }

    /// Notes that a record was read. Kafka delivers a partition in order, but may leave offsets out.
    pub(crate) fn read(&mut self, offset: Offset) {
        self.open.insert(offset);
        self.end = self.end.max(Some(offset.next()));
    }

    /// Notes that a record is stored, filtered or dead-lettered. A second time changes nothing.
    pub(crate) fn finish(&mut self, offset: Offset) {
        self.open.remove(&offset);
    }

    /// Where a restart must begin to read: at the oldest open offset, or else at the end. `None` as long as
    /// nothing was read.
    pub(crate) fn committable(&self) -> Option<Offset> {
        self.open.first().copied().or(self.end)
    }

    /// All before it was read or has no record. `None` if that is not known of any offset.
    pub(crate) fn end(&self) -> Option<Offset> {
        self.end
    }

    /// How many records before `offset` are not finished: those that are open, and those that were not read.
    pub(crate) fn unfinished_below(&self, offset: Offset) -> u64 {
        let unread = self.end.map_or(0, |end| offset.since(end));
        self.open.range(..offset).count() as u64 + unread
    }

    /// How many offsets a restart would read again.
    pub(crate) fn span(&self) -> u64 {
        let begin = self.committable().unwrap_or_default();
        self.end.map_or(0, |end| end.since(begin))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Offsets as Kafka delivers them (rising, with gaps), and an order in which they finish.
    fn deliveries() -> impl Strategy<Value = (Vec<Offset>, Vec<Offset>)> {
        proptest::collection::btree_set(0i64..500, 1..60).prop_flat_map(|offsets| {
            let read: Vec<_> = offsets.into_iter().filter_map(Offset::new).collect();
            (Just(read.clone()), Just(read).prop_shuffle())
        })
    }

    proptest! {
        #[test]
        fn what_may_be_committed_never_passes_an_open_offset_and_never_goes_back(
            (read, finished) in deliveries()
        ) {
            let mut ledger = CommitLedger::default();
            let mut open: BTreeSet<_> = read.iter().copied().collect();
            read.iter().for_each(|offset| ledger.read(*offset));
            let mut before = ledger.committable();
            for offset in finished {
                ledger.finish(offset);
                open.remove(&offset);
                let now = ledger.committable();
                prop_assert!(now >= before);
                prop_assert!(open.first().is_none_or(|oldest| now <= Some(*oldest)));
                before = now;
            }
            prop_assert_eq!(ledger.committable(), read.last().map(|last| last.next()));
            prop_assert_eq!(ledger.span(), 0);
        }

        #[test]
        fn the_order_and_repeats_of_finishing_do_not_matter((read, finished) in deliveries(), half in 0usize..60) {
            let some = &finished[..half.min(finished.len())];
            let ledger = |order: &mut dyn Iterator<Item = &Offset>| {
                let mut ledger = CommitLedger::default();
                read.iter().for_each(|offset| ledger.read(*offset));
                order.for_each(|offset| ledger.finish(*offset));
                ledger.committable()
            };
            prop_assert_eq!(ledger(&mut some.iter()), ledger(&mut some.iter().rev().chain(some)));
        }

        #[test]
        fn reading_and_finishing_may_interleave((read, _) in deliveries()) {
            let mut ledger = CommitLedger::default();
            for offset in &read {
                ledger.read(*offset);
                prop_assert_eq!(ledger.committable(), Some(*offset));
                ledger.finish(*offset);
                prop_assert_eq!(ledger.committable(), Some(offset.next()));
            }
        }
    }

    #[test]
    fn the_example_of_the_documentation_is_right() {
        let [five, six, nine] = [5, 6, 9].map(|offset| Offset::new(offset).unwrap());
        let mut ledger = CommitLedger::default();
        [five, six, nine].into_iter().for_each(|offset| ledger.read(offset));
        assert_eq!((ledger.committable(), ledger.span()), (Some(five), 5));
        ledger.finish(nine);
        assert_eq!(ledger.committable(), Some(five));
        ledger.finish(five);
        assert_eq!(ledger.committable(), Some(six));
        ledger.finish(six);
        assert_eq!((ledger.committable(), ledger.span()), (Offset::new(10), 0));
    }

    #[test]
    fn offsets_without_a_record_are_committed_as_soon_as_all_before_them_are_finished() {
        let [five, eight] = [5, 8].map(|offset| Offset::new(offset).unwrap());
        let mut ledger = CommitLedger::starting_at(Some(five));
        assert_eq!(ledger.committable(), Some(five));
        ledger.read(five);
        ledger.skip_to(eight);
        assert_eq!(ledger.committable(), Some(five));
        ledger.finish(five);
        assert_eq!(ledger.committable(), Some(eight));
    }

    #[test]
    fn nothing_may_be_committed_before_something_was_read() {
        let mut ledger = CommitLedger::default();
        ledger.finish(Offset::default());
        assert_eq!(ledger.committable(), None);
    }
}

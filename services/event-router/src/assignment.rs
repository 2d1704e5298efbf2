//! The partitions that are assigned to this router, and what may be committed of each.
//!
//! A partition can end and come back: it is revoked and assigned again, or its topic is recreated. Then its
//! offsets are read again, and after a recreation they even belong to other records. A record that was read
//! before must not finish the offset of one that was read since. So each time that a partition begins it
//! gets a number, the generation, and each record carries the generation in which it was read.
//!
//! Example: partition 0 is assigned in generation 1, and offset 5 is read and sent to a processor. The
//! partition is revoked and comes back in generation 2, and offset 5 is read again. Now the first call ends.
//! Its record is of generation 1, so nothing is committed. Offset 5 stays open until the record of
//! generation 2 is finished.

use std::collections::{BTreeMap, BTreeSet};

use barrage::position::{Offset, Partition};

use crate::ledger::CommitLedger;

/// Counts up with every assignment of partitions and every recreated partition.
pub(crate) type Generation = u64;

/// All partitions that are assigned to this router.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    partitions: BTreeMap<Partition, Assigned>,
    last_generation: Generation,
    /// Recreated partitions of which nothing was read yet. A revoke does not change that.
    recreated: BTreeSet<Partition>,
}

#[derive(Debug)]
struct Assigned {
    generation: Generation,
    ledger: CommitLedger,
}

/// What the offset of a record says about its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The partition was revoked: its next owner reads the record.
    NotAssigned,
    /// The record was the last that was read. The client may deliver it twice around a pause.
    Repeated,
    /// It comes after all that was read.
    Next,
    /// Offsets never go back, so the topic was recreated.
    Recreated,
}

/// What the router must know about a record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) generation: Generation,
    /// The group's commit may still be that of the old topic, and must be reset.
    pub(crate) is_first_after_recreation: bool,
}

impl Assignment {
    /// Takes partitions over. They are read from what was committed.
    pub(crate) fn assign(&mut self, partitions: BTreeSet<Partition>) {
        self.last_generation += 1;
        for partition in partitions {
            self.begin(partition);
        }
    }

    /// Gives partitions up. Records of them that are still in flight finish nothing any more.
    pub(crate) fn revoke(&mut self, partitions: &BTreeSet<Partition>) {
        for partition in partitions {
            self.partitions.remove(partition);
        }
    }

    /// Forgets all that was read of a partition, because it was recreated.
    pub(crate) fn recreate(&mut self, partition: Partition) {
        self.last_generation += 1;
        self.begin(partition);
        self.recreated.insert(partition);
    }

    fn begin(&mut self, partition: Partition) {
        let generation = self.last_generation;
        self.partitions.insert(partition, Assigned { generation, ledger: CommitLedger::default() });
    }

    /// Compares a record's offset with what was read of its partition. Changes nothing.
    pub(crate) fn arrival(&self, partition: Partition, offset: Offset) -> Arrival {
        let Some(assigned) = self.partitions.get(&partition) else { return Arrival::NotAssigned };
        match assigned.ledger.end() {
            Some(end) if end == offset.next() => Arrival::Repeated,
            Some(end) if end > offset => Arrival::Recreated,
            _ => Arrival::Next,
        }
    }

    /// Notes that a record was read. `None` if its partition is not assigned.
    pub(crate) fn read(&mut self, partition: Partition, offset: Offset) -> Option<Read> {
        let assigned = self.partitions.get_mut(&partition)?;
        assigned.ledger.read(offset);
        let is_first_after_recreation = self.recreated.remove(&partition);
        Some(Read { generation: assigned.generation, is_first_after_recreation })
    }

    /// Notes that a record is finished. `Some` if that changes what may be committed.
    pub(crate) fn finish(
        &mut self,
        partition: Partition,
        generation: Generation,
        offset: Offset,
    ) -> Option<Offset> {
        let assigned = self.partitions.get_mut(&partition)?;
        if assigned.generation != generation {
            return None;
        }
        let before = assigned.ledger.committable();
        assigned.ledger.finish(offset);
        assigned.ledger.committable().filter(|next| Some(*next) != before)
    }

    /// Whether records of this generation still count: the partition did not end since.
    pub(crate) fn is_current(&self, partition: Partition, generation: Generation) -> bool {
        self.partitions.get(&partition).is_some_and(|it| it.generation == generation)
    }

    pub(crate) fn committable(&self, partition: Partition) -> Option<Offset> {
        self.partitions.get(&partition)?.ledger.committable()
    }

    /// For each partition, how many offsets a restart would read again.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Partition, u64)> {
        self.partitions.iter().map(|(partition, it)| (*partition, it.ledger.span()))
    }

    /// The partitions of which something was read. Each has its generation and the offset after the last
    /// record that was read.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (Partition, (Generation, Offset))> {
        let end = |it: &Assigned| Some((it.generation, it.ledger.end()?));
        self.partitions.iter().filter_map(move |(partition, it)| Some((*partition, end(it)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn assignment() -> Assignment {
        let mut assignment = Assignment::default();
        assignment.assign(BTreeSet::from([0]));
        assignment
    }

    #[test]
    fn an_offset_says_whether_a_record_is_new() {
        let mut assignment = assignment();
        assert_eq!(assignment.arrival(1, offset(5)), Arrival::NotAssigned);
        assert_eq!(assignment.arrival(0, offset(5)), Arrival::Next);
        assignment.read(0, offset(5)).unwrap();
        assert_eq!(assignment.arrival(0, offset(5)), Arrival::Repeated);
        assert_eq!(assignment.arrival(0, offset(7)), Arrival::Next);
        assert_eq!(assignment.arrival(0, offset(4)), Arrival::Recreated);
    }

    #[test]
    fn a_record_of_an_earlier_generation_finishes_nothing() {
        let mut assignment = assignment();
        let first = assignment.read(0, offset(5)).unwrap().generation;
        assignment.revoke(&BTreeSet::from([0]));
        assert_eq!(assignment.finish(0, first, offset(5)), None);
        assignment.assign(BTreeSet::from([0]));
        let second = assignment.read(0, offset(5)).unwrap().generation;
        assert_eq!(assignment.finish(0, first, offset(5)), None);
        assert!(assignment.is_current(0, second) && !assignment.is_current(0, first));
        assert_eq!(assignment.finish(0, second, offset(5)), Some(offset(6)));
    }

    #[test]
    fn the_first_record_after_a_recreation_is_known_even_if_the_partition_moved_meanwhile() {
        let mut assignment = assignment();
        assert!(!assignment.read(0, offset(5)).unwrap().is_first_after_recreation);
        assignment.recreate(0);
        assert_eq!((assignment.committable(0), assignment.ends().count()), (None, 0));
        assignment.revoke(&BTreeSet::from([0]));
        assignment.assign(BTreeSet::from([0]));
        assert!(assignment.read(0, offset(0)).unwrap().is_first_after_recreation);
        assert!(!assignment.read(0, offset(1)).unwrap().is_first_after_recreation);
    }

    #[test]
    fn only_a_finish_that_changes_the_commit_says_so() {
        let mut assignment = assignment();
        let generation = assignment.read(0, offset(5)).unwrap().generation;
        assignment.read(0, offset(6)).unwrap();
        assert_eq!(assignment.finish(0, generation, offset(6)), None);
        assert_eq!(assignment.finish(0, generation, offset(5)), Some(offset(7)));
    }
}

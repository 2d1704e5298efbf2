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

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};

use crate::commit_ledger::CommitLedger;

/// Counts up with every assignment of partitions and every recreated partition.
pub(crate) type Generation = u64;

/// All partitions that are assigned to this router.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    partitions: BTreeMap<Partition, Assigned>,
    last_generation: Generation,
    /// Recreated partitions of which nothing was read yet. A revoke does not change that.
    recreated: BTreeSet<Partition>,
    /// Gaps between records that were passed.
    skipped: Vec<Skipped>,
}

#[derive(Debug)]
struct Assigned {
    generation: Generation,
    ledger: CommitLedger,
    last: Option<Offset>,
    /// The partition is read again from an earlier offset: records from here on were still queued.
    rewound_below: Option<Offset>,
    /// The client has reported a record that it cannot decode, maybe of this partition.
    is_suspect: bool,
    /// Gaps that may hide such a record, end by begin. The begin of each is open in the ledger.
    holes: BTreeMap<Offset, Offset>,
}

/// Offsets of a partition, `from` included and `to` excluded, at which the client has delivered no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) partition: Partition,
    pub(crate) from: Offset,
    pub(crate) to: Offset,
}

/// What the offset of a record says about its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The partition was revoked: its next owner reads the record.
    NotAssigned,
    /// The record was read before. The client may deliver the last one twice around a pause.
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
    /// Takes partitions over. They are read from these offsets, if these are known.
    pub(crate) fn assign(&mut self, partitions: BTreeMap<Partition, Option<Offset>>) {
        self.last_generation += 1;
        for (partition, committed) in partitions {
            self.begin(partition, committed);
        }
    }

    /// Reads a partition again from `offset` on. All that was read of it counts no more.
    pub(crate) fn restart(&mut self, partition: Partition, offset: Offset) {
        let end = self.partitions.get(&partition).and_then(|assigned| assigned.ledger.end());
        self.last_generation += 1;
        self.begin(partition, Some(offset));
        if let Some(assigned) = self.partitions.get_mut(&partition) {
            assigned.rewound_below = end.filter(|end| *end > offset);
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
        self.begin(partition, None);
        self.recreated.insert(partition);
    }

    fn begin(&mut self, partition: Partition, begin: Option<Offset>) {
        let assigned = Assigned {
            generation: self.last_generation,
            ledger: CommitLedger::starting_at(begin),
            last: None,
            rewound_below: None,
            is_suspect: false,
            holes: BTreeMap::new(),
        };
        self.partitions.insert(partition, assigned);
    }

    /// The client cannot decode a record, and does not say of which partition: from now on a gap may hide it.
    pub(crate) fn suspect(&mut self) {
        self.partitions.values_mut().for_each(|assigned| assigned.is_suspect = true);
    }

    /// Compares a record's offset with what was read of its partition. Changes nothing.
    pub(crate) fn arrival(&self, partition: Partition, offset: Offset) -> Arrival {
        let Some(assigned) = self.partitions.get(&partition) else { return Arrival::NotAssigned };
        let is_queued = assigned.rewound_below.is_some_and(|below| offset >= below);
        if assigned.last == Some(offset) || is_queued {
            return Arrival::Repeated;
        }
        match assigned.ledger.end() {
            // Behind a corrupt batch librdkafka goes astray, and begins again at the first record.
            Some(end) if end > offset && assigned.is_suspect => Arrival::Repeated,
            Some(end) if end > offset => Arrival::Recreated,
            _ => Arrival::Next,
        }
    }

    /// Notes that a record was read. `None` if its partition is not assigned.
    pub(crate) fn read(&mut self, partition: Partition, offset: Offset) -> Option<Read> {
        let assigned = self.partitions.get_mut(&partition)?;
        if let Some(from) = assigned.ledger.end().filter(|end| *end < offset) {
            if assigned.is_suspect {
                assigned.ledger.read(from);
                assigned.holes.insert(from, offset);
            } else {
                self.skipped.push(Skipped { partition, from, to: offset });
            }
        }
        assigned.is_suspect = false;
        assigned.rewound_below = None;
        assigned.last = Some(offset);
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

    /// There is no record from `from` on and before `to`. `None` if there is no such gap any more, else what may be
    /// committed if that changes.
    pub(crate) fn skip(
        &mut self,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Option<Option<Offset>> {
        let assigned = self.partitions.get_mut(&partition)?;
        let before = assigned.ledger.committable();
        if let Some(end) = assigned.holes.remove(&from) {
            if to < end {
                assigned.ledger.read(to);
                assigned.holes.insert(to, end);
            }
            assigned.ledger.finish(from);
        } else if assigned.ledger.end() == Some(from) {
            assigned.ledger.skip_to(to);
        } else {
            return None;
        }
        Some(assigned.ledger.committable().filter(|next| Some(*next) != before))
    }

    /// How many records before this offset are not finished, where all of them were deleted.
    pub(crate) fn unfinished_below(&self, partition: Partition, offset: Offset) -> u64 {
        let Some(assigned) = self.partitions.get(&partition) else { return 0 };
        // Only the begin of a hole is open in the ledger.
        let rest = |(from, to): (&Offset, &Offset)| (*to).min(offset).since(from.next());
        let of_holes: u64 = assigned.holes.range(..offset).map(rest).sum();
        assigned.ledger.unfinished_below(offset) + of_holes
    }

    /// Whether a record at this offset will not arrive by itself: it was passed because it could not be decoded, or it
    /// came before the rewind had an effect, and no record before it was left to be read again.
    pub(crate) fn has_missed(&self, partition: Partition, offset: Offset) -> bool {
        self.partitions.get(&partition).is_some_and(|assigned| {
            let is_next = assigned.ledger.end() == Some(offset);
            let is_rewound_to = is_next && assigned.rewound_below.is_some_and(|it| it <= offset);
            assigned.holes.contains_key(&offset) || is_rewound_to
        })
    }

    /// The first gap of each partition that must be looked at: one that may hide a record, else the offsets from the
    /// last record to the high watermark.
    pub(crate) fn gaps(
        &self,
        high_watermarks: &PartitionOffsets,
    ) -> impl Iterator<Item = (Partition, Generation, Offset, Offset)> {
        self.partitions.iter().filter_map(|(partition, assigned)| {
            let hole = assigned.holes.first_key_value().map(|(from, to)| (*from, *to));
            let rest = || Some((assigned.ledger.end()?, *high_watermarks.get(partition)?));
            let (from, to) = hole.or_else(rest).filter(|(from, to)| from < to)?;
            Some((*partition, assigned.generation, from, to))
        })
    }

    /// Gaps of which Kafka did not say whether it has deleted them.
    pub(crate) fn put_back_skipped(&mut self, skipped: &[Skipped]) {
        self.skipped.extend_from_slice(skipped);
    }

    /// The gaps that were passed since the last call.
    pub(crate) fn take_skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }

    /// Whether records of this generation still count: the partition did not end since.
    pub(crate) fn is_current(&self, partition: Partition, generation: Generation) -> bool {
        self.partitions.get(&partition).is_some_and(|it| it.generation == generation)
    }

    pub(crate) fn committable(&self, partition: Partition) -> Option<Offset> {
        self.partitions.get(&partition)?.ledger.committable()
    }

    /// What may be committed of each partition, where that is known. Of one whose topic was recreated, nothing may be
    /// until the first record has come: the offset may be the old topic's.
    pub(crate) fn all_committable(&self) -> impl Iterator<Item = (Partition, Offset)> {
        let known = self.partitions.iter().filter(|(it, _)| !self.recreated.contains(it));
        known.filter_map(|(partition, it)| Some((*partition, it.ledger.committable()?)))
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.partitions.keys().copied()
    }

    /// For each partition, how many offsets a restart would read again.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Partition, u64)> {
        self.partitions.iter().map(|(partition, it)| (*partition, it.ledger.span()))
    }

    /// The partitions of which a position is known. Each has its generation and the offset before which all was
    /// read.
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

    #[test]
    fn what_may_be_committed_of_all_partitions_passes_no_open_record() {
        let mut assignment = Assignment::default();
        assignment.assign(BTreeMap::from([(0, Some(offset(5))), (1, None), (2, Some(offset(9)))]));
        assignment.read(0, offset(5));
        assignment.read(0, offset(6));
        assignment.finish(0, assignment.partitions[&0].generation, offset(6));
        assignment.recreate(2);
        assert_eq!(assignment.all_committable().collect::<Vec<_>>(), [(0, offset(5))]);
    }

    fn assignment() -> Assignment {
        let mut assignment = Assignment::default();
        assignment.assign(BTreeMap::from([(0, None)]));
        assignment
    }

    #[test]
    fn a_gap_is_passed_unless_it_may_hide_a_record_that_cannot_be_decoded() {
        let mut assignment = assignment();
        let generation = assignment.read(0, offset(5)).unwrap().generation;
        assignment.read(0, offset(8)).unwrap();
        assignment.suspect();
        assignment.read(0, offset(12)).unwrap();
        for finished in [5, 8, 12] {
            assignment.finish(0, generation, offset(finished));
        }
        assert_eq!(assignment.committable(0), Some(offset(9)));
        let skipped = Skipped { partition: 0, from: offset(6), to: offset(8) };
        assert_eq!(assignment.take_skipped(), [skipped]);
        let high_watermarks = PartitionOffsets::from([(0, offset(20))]);
        let gaps = |assignment: &Assignment| {
            assignment
                .gaps(&high_watermarks)
                .map(|gap| (gap.2.get(), gap.3.get()))
                .collect::<Vec<_>>()
        };
        assert_eq!(gaps(&assignment), [(9, 12)]);
        assert_eq!(assignment.skip(0, offset(9), offset(10)), Some(Some(offset(10))));
        assert_eq!(assignment.skip(0, offset(10), offset(12)), Some(Some(offset(13))));
        assert_eq!(gaps(&assignment), [(13, 20)]);
        assert_eq!(assignment.skip(0, offset(13), offset(20)), Some(Some(offset(20))));
        assert!(gaps(&assignment).is_empty());
        assert_eq!(assignment.arrival(0, offset(12)), Arrival::Repeated);
        assert_eq!(assignment.arrival(0, offset(20)), Arrival::Next);
    }

    /// 5 and 9 were read, and then the partition is read again from 6 on.
    fn rewound() -> Assignment {
        let mut assignment = assignment();
        assignment.read(0, offset(5)).unwrap();
        assignment.suspect();
        assignment.read(0, offset(9)).unwrap();
        assignment.restart(0, offset(6));
        assignment
    }

    #[test]
    fn records_that_were_queued_before_a_rewind_are_read_again_later() {
        let mut assignment = rewound();
        assert_eq!(assignment.arrival(0, offset(10)), Arrival::Repeated);
        assert_eq!(assignment.arrival(0, offset(6)), Arrival::Next);
        assignment.read(0, offset(6)).unwrap();
        assert_eq!(assignment.arrival(0, offset(10)), Arrival::Next);
    }

    #[test]
    fn what_is_deleted_has_expired_unless_it_was_finished() {
        let mut assignment = assignment();
        let generation = assignment.read(0, offset(5)).unwrap().generation;
        assignment.suspect();
        for read in 9..12 {
            assignment.read(0, offset(read)).unwrap();
        }
        assignment.finish(0, generation, offset(5));
        assignment.finish(0, generation, offset(10));
        for (below, expired) in [(5, 0), (7, 1), (9, 3), (10, 4), (11, 4), (12, 5), (14, 7)] {
            assert_eq!(assignment.unfinished_below(0, offset(below)), expired, "{below}");
        }
    }

    #[test]
    fn a_record_is_missed_that_came_before_a_rewind_that_found_none_before_it() {
        let mut assignment = rewound();
        assert_eq!(assignment.arrival(0, offset(10)), Arrival::Repeated);
        assert!(!assignment.has_missed(0, offset(10)), "6 to 9 may still come");
        assignment.skip(0, offset(6), offset(10)).unwrap();
        assert!(assignment.has_missed(0, offset(10)));
        assignment.restart(0, offset(10));
        assert_eq!(assignment.arrival(0, offset(10)), Arrival::Next);
    }

    #[test]
    fn a_partition_begins_at_what_the_group_has_committed() {
        let mut assignment = Assignment::default();
        assignment.assign(BTreeMap::from([(0, Some(offset(5)))]));
        assert_eq!(assignment.arrival(0, offset(4)), Arrival::Recreated);
        assignment.read(0, offset(7)).unwrap();
        let skipped = Skipped { partition: 0, from: offset(5), to: offset(7) };
        assert_eq!(assignment.take_skipped(), [skipped]);
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
        assignment.assign(BTreeMap::from([(0, None)]));
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
        assignment.assign(BTreeMap::from([(0, None)]));
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

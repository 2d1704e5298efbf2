//! How far the group is behind in each partition of this router, as metrics.

use std::collections::BTreeSet;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};

use crate::assignment::Assignment;
use crate::metrics;

/// Reports what Kafka has said about the assigned partitions.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    reported: BTreeSet<Partition>,
}

impl Lag {
    /// Reports all partitions that are assigned now, and that the router does not have the others any more.
    pub(crate) fn report(
        &mut self,
        assignment: &Assignment,
        high_watermarks: &PartitionOffsets,
        committed: &PartitionOffsets,
    ) {
        let assigned: BTreeSet<_> = assignment.partitions().collect();
        self.keep(&assigned);
        for partition in assigned {
            let committed = committed.get(&partition).copied();
            let begin = committed.or_else(|| assignment.committable(partition));
            let end = high_watermarks.get(&partition).copied();
            if let Some((end, begin)) = end.and_then(|end| Some((end, begin_of(end, begin)?))) {
                metrics::partition(partition, end, begin);
                self.reported.insert(partition);
            }
        }
    }

    /// Reports that the router has only these partitions.
    pub(crate) fn keep(&mut self, assigned: &BTreeSet<Partition>) {
        self.reported.difference(assigned).copied().for_each(metrics::partition_lost);
        self.reported.retain(|partition| assigned.contains(partition));
    }
}

/// Where the group begins in a partition. Without a commit, and if nothing was read, that is known only of a partition
/// that has never had a record.
fn begin_of(end: Offset, begin: Option<Offset>) -> Option<Offset> {
    begin.or_else(|| Some(end).filter(|end| *end == Offset::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn without_a_commit_a_partition_begins_where_it_is_read_if_that_is_known() {
        assert_eq!(begin_of(at(9), Some(at(4))), Some(at(4)));
        assert_eq!(begin_of(at(9), None), None);
        assert_eq!(begin_of(at(0), None), Some(at(0)));
    }

    #[test]
    fn a_partition_that_was_revoked_is_reported_no_more() {
        let (mut assignment, mut lag) = (Assignment::default(), Lag::default());
        let offsets = PartitionOffsets::from([(0, at(9)), (1, at(9)), (2, at(9))]);
        assignment.assign([(0, Some(at(4))), (1, Some(at(4)))].into());
        lag.report(&assignment, &offsets, &offsets);
        assert_eq!(lag.reported, BTreeSet::from([0, 1]));
        assignment.revoke(&BTreeSet::from([0]));
        lag.report(&assignment, &offsets, &offsets);
        assert_eq!(lag.reported, BTreeSet::from([1]));
    }
}

//! Partitions that cannot be read any further.

use std::collections::BTreeMap;

use crate::health::Probe;
use crate::position::{Offset, Partition};

/// Where a partition cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The first offset that was not delivered.
    pub offset: Offset,
    pub reason: String,
}

/// The partitions that cannot be read, as far as was found out.
#[derive(Debug, Default)]
pub struct UnreadablePartitions(BTreeMap<Partition, Unreadable>);

impl UnreadablePartitions {
    /// Notes what a scan has found out about a partition.
    pub fn set(&mut self, partition: Partition, unreadable: Option<&Unreadable>) {
        match unreadable {
            Some(unreadable) => drop(self.0.insert(partition, unreadable.clone())),
            None => drop(self.0.remove(&partition)),
        }
    }

    /// Forgets the partitions of which `is_current` is false.
    pub fn retain(&mut self, is_current: impl Fn(Partition) -> bool) {
        self.0.retain(|partition, _| is_current(*partition));
    }

    pub fn contains(&self, partition: Partition) -> bool {
        self.0.contains_key(&partition)
    }

    /// Reports them: the first with its offset and reason, and how many more there are.
    pub fn report(&self, probe: &Probe) {
        let Some((partition, Unreadable { offset, reason })) = self.0.first_key_value() else {
            return probe.up();
        };
        let more = match self.0.len() - 1 {
            0 => String::new(),
            1 => " (and 1 more partition)".to_owned(),
            more => format!(" (and {more} more partitions)"),
        };
        probe.denied(format!(
            "partition {partition} cannot be read at offset {offset}: {reason}{more}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Readiness;

    #[test]
    fn the_first_partition_is_named_with_its_offset() {
        let readiness = Readiness::default();
        let probe = readiness.dependency("partitions");
        let reason = || readiness.report().dependencies["partitions"].reason.clone();
        let mut partitions = UnreadablePartitions::default();
        let at = |offset| Unreadable { offset: Offset::new(offset).unwrap(), reason: "bad".into() };
        partitions.set(3, Some(&at(42)));
        partitions.report(&probe);
        assert_eq!(reason().as_deref(), Some("partition 3 cannot be read at offset 42: bad"));
        partitions.set(7, Some(&at(1)));
        partitions.report(&probe);
        assert!(reason().unwrap().ends_with("42: bad (and 1 more partition)"));
        partitions.retain(|partition| partition == 7);
        partitions.set(7, None);
        partitions.report(&probe);
        assert!(readiness.report().ready);
    }
}

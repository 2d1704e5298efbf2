//! Finds out that the topic was deleted and created again under the same name. Its offsets restart, so what
//! was read of the old topic says nothing about the new one.
//!
//! librdkafka notices it when the broker rejects its offset, or when it sees the topic missing: then a record
//! arrives below what was read. In the other cases two facts tell it, which this module polls: Kafka deletes
//! the group's commits together with a topic, and a high watermark never goes back.
//!
//! Example: all offsets below 50 were read, and at the last check the group had committed 40.
//!
//! | this check says | it means |
//! | --- | --- |
//! | committed 40, high watermark 60 | nothing happened |
//! | no commit, high watermark 60 | recreated: the commit was deleted with the topic |
//! | no commit, high watermark 60, but the partition was assigned at the commit 40 | the same |
//! | committed 40, high watermark 3 | recreated: the partition ends before what was read |
//! | offsets below 3 were read again; committed 40, high watermark 5 | the commit is one of the old topic |
//!
//! A topic that was recreated and has outgrown the old one before the next check, while librdkafka did not see
//! it missing, cannot be told from the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use barrage::kafka::{self, Begin, Offsets, PartitionOffsets};
use barrage::position::{Offset, Partition};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::activity::PollPace;
use crate::assignment::{Assignment, Generation, Skipped};

/// Polls Kafka for the offsets of the assigned partitions, one check at a time.
pub(crate) struct OffsetChecks {
    offsets: Offsets,
    /// The check in progress, if any.
    running: FuturesUnordered<BoxFuture<'static, OffsetCheck>>,
    /// What the group had committed at the last check, or when the partition was assigned.
    committed: PartitionOffsets,
    /// Whether the last check has shown that all was read and committed, as far as the ends are known.
    is_settled: bool,
    pace: PollPace,
}

/// What Kafka said about the assigned partitions.
pub(crate) struct OffsetCheck {
    /// How far each partition was read before Kafka answered, and in which generation.
    ends: BTreeMap<Partition, (Generation, Offset)>,
    /// Gaps that were passed before Kafka answered.
    skipped: Vec<Skipped>,
    facts: Result<Facts, kafka::Error>,
}

struct Facts {
    committed: PartitionOffsets,
    high_watermarks: PartitionOffsets,
    /// Empty if there was no gap.
    low_watermarks: PartitionOffsets,
}

/// What a check has found out about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Recreated,
    /// The group's commit is one of the old topic.
    StaleCommit,
}

impl OffsetChecks {
    const INTERVAL: Duration = Duration::from_millis(250);
    /// While all is committed, and no record is in flight.
    const IDLE_INTERVAL: Duration = Duration::from_secs(1);

    pub(crate) fn new(offsets: Offsets, pace: PollPace) -> Self {
        let (running, committed) = (FuturesUnordered::new(), PartitionOffsets::new());
        Self { offsets, running, committed, is_settled: false, pace }
    }

    /// These partitions are ours from now on. If one begins at a commit, that must be there at the next check, too.
    pub(crate) fn assigned(&mut self, partitions: &BTreeMap<Partition, Begin>) {
        self.is_settled = false;
        for (partition, begin) in partitions {
            let committed = match begin {
                Begin::Committed(offset) => Some(*offset),
                Begin::First(_) | Begin::Unknown => None,
            };
            self.set_committed(*partition, committed);
        }
    }

    /// The partition was recreated: nothing is known of its commit.
    pub(crate) fn forget(&mut self, partition: Partition) {
        self.is_settled = false;
        self.set_committed(partition, None);
    }

    fn set_committed(&mut self, partition: Partition, committed: Option<Offset>) {
        match committed {
            Some(offset) => self.committed.insert(partition, offset),
            None => self.committed.remove(&partition),
        };
    }

    /// Starts the next check, which waits for its time first. Does nothing while one is in progress.
    pub(crate) fn start(&mut self, assignment: &mut Assignment) {
        if !self.running.is_empty() {
            return;
        }
        let skipped = assignment.take_skipped();
        let ends: BTreeMap<_, _> = assignment.ends().collect();
        let partitions: Vec<_> = assignment.partitions().collect();
        let (offsets, mut pace) = (self.offsets.clone(), self.pace.clone());
        let longest = self.longest_interval();
        self.running.push(Box::pin(async move {
            pace.pause(Self::INTERVAL, longest).await;
            let of_gaps: BTreeSet<_> = skipped.iter().map(|gap| gap.partition).collect();
            let facts = poll(&offsets, &partitions, of_gaps).await;
            OffsetCheck { ends, skipped, facts }
        }));
    }

    /// From one check to the next while no record is in flight.
    fn longest_interval(&self) -> Duration {
        if self.is_settled { Self::IDLE_INTERVAL } else { Self::INTERVAL }
    }

    /// The check that ends next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<OffsetCheck> {
        self.running.next().await
    }

    /// What a check has found. It says nothing about a partition with a new generation since the check began,
    /// and nothing at all if Kafka did not answer.
    pub(crate) fn findings(
        &mut self,
        check: OffsetCheck,
        assignment: &Assignment,
    ) -> Vec<(Partition, Finding)> {
        self.is_settled = check.facts.as_ref().is_ok_and(|facts| facts.are_settled(&check.ends));
        let Ok(facts) = check.facts else { return Vec::new() };
        let mut findings = Vec::new();
        for (partition, (generation, end)) in check.ends {
            // What the group had committed before this router knew a position proves nothing.
            if !assignment.is_current(partition, generation) {
                continue;
            }
            let before = self.committed.get(&partition).copied();
            let committed = facts.committed.get(&partition).copied();
            let high_watermark = facts.high_watermarks.get(&partition).copied();
            findings
                .extend(judge(end, before, committed, high_watermark).map(|it| (partition, it)));
            self.set_committed(partition, committed);
        }
        findings
    }
}

impl Facts {
    /// Whether these partitions were read to their ends, and that is committed.
    fn are_settled(&self, ends: &BTreeMap<Partition, (Generation, Offset)>) -> bool {
        let is_settled = |(partition, (_, end)): (&Partition, &(Generation, Offset))| {
            let is_read = self.high_watermarks.get(partition) == Some(end);
            is_read && self.committed.get(partition).copied().unwrap_or_default() == *end
        };
        !ends.is_empty() && ends.iter().all(is_settled)
    }
}

impl OffsetCheck {
    /// What the group has committed, if Kafka answered.
    pub(crate) fn committed(&self) -> Option<&PartitionOffsets> {
        self.facts.as_ref().ok().map(|facts| &facts.committed)
    }

    /// The high watermarks, if Kafka answered.
    pub(crate) fn high_watermarks(&self) -> Option<PartitionOffsets> {
        self.facts.as_ref().ok().map(|facts| facts.high_watermarks.clone())
    }

    /// The gaps that were passed before this check.
    pub(crate) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many offsets Kafka had deleted in the gaps that were passed, by partition. `None` if it did not answer.
    pub(crate) fn expired(&self) -> Option<BTreeMap<Partition, u64>> {
        let mut expired = BTreeMap::new();
        let facts = self.facts.as_ref().ok()?;
        for Skipped { partition, from, to } in &self.skipped {
            let low = facts.low_watermarks.get(partition).copied().unwrap_or_default();
            let deleted = (*to).min(low).since(*from);
            if deleted > 0 {
                *expired.entry(*partition).or_default() += deleted;
            }
        }
        Some(expired)
    }
}

async fn poll(
    offsets: &Offsets,
    partitions: &[Partition],
    of_gaps: BTreeSet<Partition>,
) -> Result<Facts, kafka::Error> {
    let committed = offsets.committed(partitions).await?.offsets;
    let high_watermarks = offsets.high_watermarks(partitions).await?;
    let low_watermarks = if of_gaps.is_empty() {
        PartitionOffsets::new()
    } else {
        offsets.low_watermarks(&of_gaps.into_iter().collect::<Vec<_>>()).await?
    };
    Ok(Facts { committed, high_watermarks, low_watermarks })
}

/// Decides about a partition of which all before `end` was read.
fn judge(
    end: Offset,
    committed_before: Option<Offset>,
    committed: Option<Offset>,
    high_watermark: Option<Offset>,
) -> Option<Finding> {
    let commit_is_gone = committed_before.is_some() && committed.is_none();
    if commit_is_gone || high_watermark.is_some_and(|mark| mark < end) {
        return Some(Finding::Recreated);
    }
    let (committed, mark) = committed.zip(high_watermark)?;
    (committed > mark).then_some(Finding::StaleCommit)
}

#[cfg(test)]
mod tests {
    use barrage::config::Vars;

    use super::*;
    use crate::Config;
    use crate::activity::Activity;

    fn checks() -> OffsetChecks {
        let vars = [("KAFKA_SERVER", "127.0.0.1:1"), ("SINK", "http://127.0.0.1:1")];
        let config = Config::parse(&Vars::from_iter(vars)).unwrap();
        OffsetChecks::new(Offsets::new(&config.kafka).unwrap(), Activity::default().pace())
    }

    fn check(
        assignment: &Assignment,
        committed: PartitionOffsets,
        high_watermarks: PartitionOffsets,
    ) -> OffsetCheck {
        let low_watermarks = PartitionOffsets::new();
        let facts = Facts { committed, high_watermarks, low_watermarks };
        OffsetCheck { ends: assignment.ends().collect(), skipped: Vec::new(), facts: Ok(facts) }
    }

    fn judged(end: i64, committed: [Option<i64>; 2], mark: Option<i64>) -> Option<Finding> {
        let offset = |offset: Option<i64>| offset.and_then(Offset::new);
        let [before, now] = committed.map(offset);
        judge(Offset::new(end).unwrap(), before, now, offset(mark))
    }

    #[test]
    fn deleted_offsets_of_a_gap_have_expired() {
        let at = |offset| Offset::new(offset).unwrap();
        let skipped = [(0, 5, 9), (0, 12, 14), (1, 3, 4)];
        let gap = |(partition, from, to)| Skipped { partition, from: at(from), to: at(to) };
        let facts = Facts {
            committed: PartitionOffsets::new(),
            high_watermarks: PartitionOffsets::new(),
            low_watermarks: PartitionOffsets::from([(0, at(8)), (1, at(3))]),
        };
        let skipped = skipped.into_iter().map(gap).collect();
        let check = OffsetCheck { ends: BTreeMap::new(), skipped, facts: Ok(facts) };
        assert_eq!(check.expired(), Some(BTreeMap::from([(0, 3)])));
    }

    #[test]
    fn checks_are_rare_only_after_one_that_found_all_committed() {
        let (mut checks, mut assignment) = (checks(), Assignment::default());
        let begins = BTreeMap::from([(0, Begin::Committed(Offset::new(7).unwrap()))]);
        checks.assigned(&begins);
        assignment.assign(begins.iter().map(|(it, begin)| (*it, begin.offset())).collect());
        let offsets = |offset| PartitionOffsets::from([(0, Offset::new(offset).unwrap())]);
        let settled = || check(&assignment, offsets(7), offsets(7));
        let failed = || OffsetCheck { facts: Err(kafka::Error::Closed), ..settled() };
        let is_rare =
            |checks: &OffsetChecks| checks.longest_interval() == OffsetChecks::IDLE_INTERVAL;
        assert!(!is_rare(&checks), "nothing is known yet");
        let settle = |checks: &mut OffsetChecks| {
            assert_eq!(checks.findings(settled(), &assignment), []);
            assert!(is_rare(checks));
        };
        settle(&mut checks);
        checks.forget(0);
        assert!(!is_rare(&checks));
        settle(&mut checks);
        checks.assigned(&BTreeMap::from([(1, Begin::Unknown)]));
        assert!(!is_rare(&checks));
        settle(&mut checks);
        assert_eq!(checks.findings(failed(), &assignment), []);
        assert!(!is_rare(&checks), "kafka has not answered");
    }

    #[test]
    fn offsets_are_settled_if_each_partition_was_read_to_its_end_and_that_is_committed() {
        let mut assignment = Assignment::default();
        let begins = [(0, 7), (1, 0)].map(|(partition, begin)| (partition, Offset::new(begin)));
        assignment.assign(begins.into());
        let ends: BTreeMap<_, _> = assignment.ends().collect();
        let are_settled = |committed: &[(Partition, i64)], high_watermarks: [i64; 2]| {
            let at =
                |(partition, offset): (Partition, i64)| (partition, Offset::new(offset).unwrap());
            let facts = Facts {
                committed: committed.iter().copied().map(at).collect(),
                high_watermarks: (0..).zip(high_watermarks).map(at).collect(),
                low_watermarks: PartitionOffsets::new(),
            };
            facts.are_settled(&ends)
        };
        assert!(are_settled(&[(0, 7)], [7, 0]), "nothing is committed of an empty partition");
        assert!(!are_settled(&[(0, 6)], [7, 0]), "a commit is missing");
        assert!(!are_settled(&[(0, 7)], [7, 1]), "a record was not read yet");
        assert!(!are_settled(&[], [7, 0]), "the commit is gone");
    }

    #[test]
    fn a_partition_was_recreated_if_its_commit_is_gone_or_its_high_watermark_went_back() {
        assert_eq!(judged(50, [Some(40), None], Some(60)), Some(Finding::Recreated));
        assert_eq!(judged(50, [Some(40), None], None), Some(Finding::Recreated));
        assert_eq!(judged(50, [Some(40), Some(40)], Some(49)), Some(Finding::Recreated));
    }

    #[test]
    fn a_partition_that_was_assigned_at_a_commit_was_recreated_if_the_commit_is_gone_at_the_first_check()
     {
        let mut checks = checks();
        let at = |offset| Offset::new(offset).unwrap();
        let begins = BTreeMap::from([(0, Begin::Committed(at(30))), (1, Begin::First(at(0)))]);
        checks.assigned(&begins);
        let mut assignment = Assignment::default();
        assignment.assign(begins.into_iter().map(|(it, begin)| (it, begin.offset())).collect());
        let no_commit = || {
            let high_watermarks = PartitionOffsets::from([(0, at(120)), (1, at(120))]);
            check(&assignment, PartitionOffsets::new(), high_watermarks)
        };
        assert_eq!(checks.findings(no_commit(), &assignment), [(0, Finding::Recreated)]);
        assert_eq!(checks.findings(no_commit(), &assignment), []);
    }

    #[test]
    fn a_partition_is_the_same_unless_a_fact_proves_otherwise() {
        assert_eq!(judged(50, [Some(40), Some(40)], Some(50)), None);
        assert_eq!(judged(50, [None, None], Some(50)), None, "nothing was committed yet");
        assert_eq!(judged(50, [Some(40), Some(30)], None), None, "an unknown mark proves nothing");
    }

    #[test]
    fn a_commit_beyond_the_high_watermark_is_one_of_the_old_topic() {
        assert_eq!(judged(3, [Some(40), Some(40)], Some(5)), Some(Finding::StaleCommit));
        assert_eq!(judged(3, [None, Some(5)], Some(5)), None);
    }
}

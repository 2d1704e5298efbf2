//! Offsets at which no record arrives, and why.
//!
//! Not every offset has a record that Kafka delivers: the markers of transactions have offsets, aborted and compacted
//! records leave theirs behind, and retention deletes records before they are read. Between two records such a gap
//! needs nothing: the next record shows that it was passed. Two kinds of gaps must be looked at:
//!
//! - Behind the last record that was read, nothing shows it. Without a look the group would never commit past a marker
//!   at the end of a partition, and its message would seem to wait for ever.
//! - A record that librdkafka cannot decode is skipped, as if it was not there. Only an error says so, and not of which
//!   partition. So after such an error a gap may hide a record, and is not passed before Kafka was read again.
//!
//! An example: 5 was the last record of partition 3, and the high watermark is 8. Nothing arrives for half a second.
//! A scan reads 6 and 7 again:
//!
//! | it finds | it means | the router |
//! | --- | --- | --- |
//! | no record at 6 and 7 | markers, or aborted records | commits 8 |
//! | 6 and 7 are deleted | retention was faster than the router | counts two expired messages and commits 8 |
//! | a record at 6 | it is about to arrive, or librdkafka has skipped it | waits, or reads the partition again from there |
//! | that 6 cannot be decoded | its batch is corrupt | says so, pauses the partition, and tries again |

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{
    self, OffsetContent, PartitionOffsets, RecordScan, ScannedPartition, UnreadablePartitions,
};
use barrage::position::{Offset, Partition};
use barrage::shutdown::with_sources;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::assignment::{Assignment, Generation};

/// Looks at gaps, one scan at a time.
pub(crate) struct Gaps {
    records: RecordScan,
    /// Reports partitions that cannot be read.
    probe: Probe,
    running: FuturesUnordered<BoxFuture<'static, GapScan>>,
    known: BTreeMap<Partition, Gap>,
    unreadable: UnreadablePartitions,
}

/// The first gap of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    generation: Generation,
    from: Offset,
    to: Offset,
    /// Since when it is there.
    since: Instant,
    /// When it was last read.
    scanned: Option<Instant>,
    /// How many of its offsets the next scan reads.
    length: i64,
}

/// A scan that has ended.
pub(crate) struct GapScan {
    gaps: BTreeMap<Partition, Gap>,
    scanned: Result<BTreeMap<Partition, ScannedPartition>, kafka::Error>,
}

/// What is known of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// There is no record from the begin of the gap on and before `to`. Kafka had `expired` there and deleted it.
    Empty { from: Offset, to: Offset, expired: u64 },
    /// Kafka delivers a record at the begin of the gap. The consumer has skipped it, if it has read later ones.
    Record { from: Offset },
    /// A record cannot be decoded.
    Unreadable,
    /// What could not be decoded before can be decoded now, from this offset on, or Kafka has deleted it: all before
    /// `deleted_below`.
    Readable { from: Offset, deleted_below: Offset },
}

impl Gaps {
    /// How long nothing must arrive.
    const PATIENCE: Duration = Duration::from_millis(500);
    /// How soon a gap is read again that holds a record, or one that cannot be decoded.
    const RETRY: Duration = Duration::from_secs(5);
    /// How many offsets of a partition the first scan of a gap reads, and the most that one reads. Where one finds no
    /// record, the next one needs no patience and reads twice as many: a large transaction may have been aborted.
    const OFFSETS: i64 = 200;
    const MOST_OFFSETS: i64 = 10_000;
    /// How many partitions one scan reads, so that a backlog of many partitions takes little memory. Long gaps wait
    /// for each other.
    const PARTITIONS: usize = 64;

    pub(crate) fn new(records: RecordScan, probe: Probe) -> Self {
        let (running, known) = (FuturesUnordered::new(), BTreeMap::new());
        Self { records, probe, running, known, unreadable: UnreadablePartitions::default() }
    }

    /// Notes where the assigned partitions have gaps now, and starts the next scan if one is due. A paused partition
    /// receives nothing, so nothing can be said of it.
    pub(crate) fn observe(
        &mut self,
        assignment: &Assignment,
        high_watermarks: &PartitionOffsets,
        paused: &BTreeSet<Partition>,
        now: Instant,
    ) {
        let before = std::mem::take(&mut self.known);
        for (partition, generation, from, to) in assignment.gaps(high_watermarks) {
            if paused.contains(&partition) && !self.unreadable.contains(partition) {
                continue;
            }
            let same =
                before.get(&partition).filter(|it| (it.generation, it.from) == (generation, from));
            let new =
                Gap { generation, from, to, since: now, scanned: None, length: Self::OFFSETS };
            let gap = same.map_or(new, |before| Gap { to, ..*before });
            self.known.insert(partition, gap);
        }
        let known = &self.known;
        self.unreadable.retain(|partition| known.contains_key(&partition));
        self.unreadable.report(&self.probe);
        if self.running.is_empty() {
            let gaps = self.take_due(now);
            self.start(gaps);
        }
    }

    /// The gaps to be read now.
    fn take_due(&mut self, now: Instant) -> BTreeMap<Partition, Gap> {
        let (mut due, mut offsets) = (BTreeMap::new(), 0);
        for (partition, gap) in &mut self.known {
            let since = gap.scanned.map_or(gap.since + Self::PATIENCE, |at| at + Self::RETRY);
            // What is not in haste is never left out.
            let has_room = gap.length == Self::OFFSETS || offsets < Self::MOST_OFFSETS;
            if since <= now && has_room && due.len() < Self::PARTITIONS {
                gap.scanned = Some(now);
                offsets += gap.length;
                due.insert(*partition, *gap);
            }
        }
        due
    }

    fn start(&mut self, gaps: BTreeMap<Partition, Gap>) {
        if gaps.is_empty() {
            return;
        }
        let offsets = gaps.iter().map(|(partition, gap)| (*partition, gap.offsets())).collect();
        let records = self.records.clone();
        self.running.push(Box::pin(async move {
            let scanned = records.read(offsets).await;
            GapScan { gaps, scanned }
        }));
    }

    /// The scan that ends next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<GapScan> {
        self.running.next().await
    }

    /// What a scan has found. It says nothing about a partition with a new generation since the scan began.
    pub(crate) fn findings(
        &mut self,
        scan: GapScan,
        assignment: &Assignment,
    ) -> Vec<(Partition, Finding)> {
        let scanned = scan.scanned.unwrap_or_else(|error| {
            tracing::debug!(error = with_sources(&error), "gaps cannot be read now");
            BTreeMap::new()
        });
        let mut findings = Vec::new();
        for (partition, gap) in scan.gaps {
            let scanned = scanned.get(&partition);
            let Some(scanned) =
                scanned.filter(|_| assignment.is_current(partition, gap.generation))
            else {
                continue;
            };
            let before = self.unreadable.contains(partition);
            self.unreadable.set(partition, scanned.unreadable());
            match (before, scanned.unreadable().is_some()) {
                (false, true) => findings.push((partition, Finding::Unreadable)),
                (true, false) => {
                    let deleted_below = scanned.deleted_below();
                    findings.push((partition, Finding::Readable { from: gap.from, deleted_below }));
                    continue;
                }
                (true, true) | (false, false) => {}
            }
            let finding = judge(gap.from, scanned);
            if let Some(known) = self.known.get_mut(&partition) {
                *known = known.after(&gap, finding);
            }
            findings.extend(finding.map(|finding| (partition, finding)));
        }
        self.unreadable.report(&self.probe);
        findings
    }
}

impl Gap {
    /// The offset after the last one that a scan reads.
    fn end_of_scan(&self) -> Offset {
        self.to.min(self.from.plus(self.length))
    }

    fn offsets(&self) -> BTreeSet<Offset> {
        self.from.until(self.end_of_scan()).collect()
    }

    /// What it is after a scan of it has found this. If that was no record, the rest is due at once.
    fn after(self, scanned: &Self, finding: Option<Finding>) -> Self {
        match finding {
            Some(Finding::Empty { to, .. }) if to >= scanned.end_of_scan() => {
                let length = (scanned.length * 2).min(Gaps::MOST_OFFSETS);
                Self { from: to, scanned: None, length, ..self }
            }
            _ => Self { length: Gaps::OFFSETS, ..self },
        }
    }
}

/// Decides about a gap that begins at `from`.
fn judge(from: Offset, scanned: &ScannedPartition) -> Option<Finding> {
    let deleted_below = scanned.deleted_below();
    let (mut to, expired) = (from.max(deleted_below), deleted_below.since(from));
    loop {
        match scanned.at(to) {
            OffsetContent::NoRecord | OffsetContent::Deleted => {}
            OffsetContent::Record(_) if to == from => return Some(Finding::Record { from }),
            OffsetContent::Record(_) | OffsetContent::Unreadable | OffsetContent::Unknown => {
                return (to > from).then_some(Finding::Empty { from, to, expired });
            }
        }
        to = to.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    /// What is found in a gap that begins at 6.
    fn judged(contents: &[OffsetContent]) -> Option<Finding> {
        judge(at(6), &(6..).map(at).zip(contents.iter().cloned()).collect())
    }

    #[test]
    fn a_gap_is_empty_up_to_the_first_record_or_to_what_is_not_known() {
        use OffsetContent::{Deleted, NoRecord, Record, Unreadable};
        let empty = |to, expired| Some(Finding::Empty { from: at(6), to: at(to), expired });
        assert_eq!(judged(&[NoRecord, NoRecord]), empty(8, 0));
        assert_eq!(judged(&[Deleted, Deleted, NoRecord, Record(None)]), empty(9, 2));
        assert_eq!(judged(&[Deleted, Deleted]), empty(8, 2));
        assert_eq!(judged(&[NoRecord, Unreadable]), empty(7, 0));
    }

    fn gap(from: i64, to: i64) -> Gap {
        let (since, length) = (Instant::now(), Gaps::OFFSETS);
        Gap { generation: 1, from: at(from), to: at(to), since, scanned: None, length }
    }

    #[test]
    fn where_a_scan_finds_no_record_the_next_one_reads_more_at_once() {
        let mut rest = gap(6, 100_006);
        let mut scans = 0;
        while rest.from < rest.to {
            let to = rest.end_of_scan();
            rest = rest.after(&rest, Some(Finding::Empty { from: rest.from, to, expired: 0 }));
            scans += 1;
        }
        assert_eq!((scans, rest.scanned, rest.length), (15, None, Gaps::MOST_OFFSETS));
        let record = Finding::Record { from: rest.from };
        assert_eq!(rest.after(&rest, Some(record)).length, Gaps::OFFSETS);
        let soon_a_record = Finding::Empty { from: at(6), to: at(8), expired: 0 };
        assert_eq!(gap(6, 500).after(&gap(6, 500), Some(soon_a_record)).from, at(6));
    }

    #[test]
    fn a_gap_that_begins_with_a_record_or_with_an_undecodable_one_is_not_empty() {
        let record = OffsetContent::Record(None);
        assert_eq!(judged(&[record]), Some(Finding::Record { from: at(6) }));
        assert_eq!(judged(&[OffsetContent::Unreadable]), None);
        assert_eq!(judged(&[]), None, "nothing is known");
    }
}

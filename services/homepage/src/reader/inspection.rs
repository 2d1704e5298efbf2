//! Finds out why the first open offset of a partition stays open. It may be a record that waits for its router. But
//! an offset without a record does not wait, and a record that cannot be decoded waits for a person.
//!
//! A partition is inspected when it has stood still for a second, and again when it has moved or got more records. It is
//! inspected at once where the reader finds nothing but offsets without a record: a large transaction may have been
//! aborted, and the reader looks up a hundred offsets in a round.
//! The inspection reads Kafka in the background, so no round of the reader waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{self, OffsetContent, RecordScan, ScannedPartition, UnreadablePartitions};
use barrage::position::{Offset, Partition};
use barrage::shutdown::with_sources;
use tokio::task::JoinHandle;

use super::tracker::Tracker;

pub(super) struct Inspection {
    records: RecordScan,
    /// Reports partitions that cannot be read.
    probe: Probe,
    standing: BTreeMap<Partition, Standing>,
    running: Option<JoinHandle<Result<Scanned, kafka::Error>>>,
    unreadable: UnreadablePartitions,
}

type Scanned = BTreeMap<Partition, ScannedPartition>;

/// A partition whose first open offset has not changed.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// The first open offset.
    from: Offset,
    /// The offset after the last one to be read.
    to: Offset,
    since: Instant,
    /// When this range was inspected.
    inspected: Option<Instant>,
    /// How many offsets are read.
    length: i64,
    /// Whether the reader finds only offsets without a record.
    is_without_records: bool,
    /// Whether that has told what the first open offset holds. Kafka may have answered for a part of the range.
    is_known: bool,
}

impl Inspection {
    /// How long a partition must stand still.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// How many offsets of a partition are read first, and at most. Where none of them has a record, the next ones follow at
    /// once, and twice as many.
    const OFFSETS: i64 = 200;
    const MOST_OFFSETS: i64 = 10_000;
    /// How many partitions one inspection reads, so that a backlog of many partitions takes little memory. Long stretches
    /// without records wait for each other.
    const PARTITIONS: usize = 64;
    /// How often a partition is tried again that cannot be read, or of which the last inspection has told nothing.
    const RETRY: Duration = Duration::from_secs(5);

    pub(super) fn new(records: RecordScan, probe: Probe) -> Self {
        let (standing, unreadable) = (BTreeMap::new(), UnreadablePartitions::default());
        Self { records, probe, standing, running: None, unreadable }
    }

    /// Whether a record of this partition cannot be decoded.
    pub(super) fn is_unreadable(&self, partition: Partition) -> bool {
        self.unreadable.contains(partition)
    }

    /// Notes where a partition stands now, and whether the reader finds only offsets without a record there.
    pub(super) fn observe(
        &mut self,
        partition: Partition,
        (tracker, is_without_records): (&Tracker, bool),
        now: Instant,
    ) {
        if !tracker.has_open() {
            self.standing.remove(&partition);
            self.unreadable.set(partition, None);
            return;
        }
        let from = tracker.finished();
        let before = self.standing.get(&partition).copied();
        let same = before.filter(|it| it.from == from);
        let goes_on = same.or(before.filter(|_| is_without_records));
        let length = goes_on.map_or(Self::OFFSETS, |it| it.length);
        let to = from.plus(length).min(tracker.high_watermark());
        let since = same.map_or(now, |it| it.since);
        let new = Standing {
            from,
            to,
            since,
            inspected: None,
            length,
            is_without_records,
            is_known: false,
        };
        if same.is_none() {
            self.unreadable.set(partition, None);
        }
        let unchanged = same.filter(|it| it.to == to);
        let standing = unchanged.map_or(new, |it| Standing { is_without_records, ..it });
        self.standing.insert(partition, standing);
    }

    /// Starts the next inspection, and returns what the last one has found.
    pub(super) async fn take_result(&mut self, now: Instant) -> Scanned {
        let is_over = self.running.as_ref().is_some_and(JoinHandle::is_finished);
        let ended = if is_over { self.running.take() } else { None };
        let scanned = match ended {
            Some(ended) => scanned(ended.await.unwrap_or(Err(kafka::Error::Closed))),
            None => Scanned::new(),
        };
        for (partition, scanned) in &scanned {
            let standing = self.standing.get_mut(partition);
            self.unreadable.set(*partition, scanned.unreadable().filter(|_| standing.is_some()));
            if let Some(standing) = standing {
                standing.is_known = *scanned.at(standing.from) != OffsetContent::Unknown;
                standing.pass(scanned);
            }
        }
        self.unreadable.report(&self.probe);
        if self.running.is_none() {
            let offsets = self.take_due(now);
            self.start(offsets);
        }
        scanned
    }

    /// The offsets to be read now.
    fn take_due(&mut self, now: Instant) -> BTreeMap<Partition, BTreeSet<Offset>> {
        let unreadable = &self.unreadable;
        let due = |partition: &Partition, it: &Standing| match it.inspected {
            _ if it.from == it.to => false,
            None => it.is_without_records || now.duration_since(it.since) >= Self::PATIENCE,
            Some(at) => {
                let is_settled = it.is_known && !unreadable.contains(*partition);
                !is_settled && now.duration_since(at) >= Self::RETRY
            }
        };
        let (mut offsets, mut count) = (BTreeMap::new(), 0);
        for (partition, standing) in &mut self.standing {
            // What is not in haste is never left out.
            let has_room = standing.length == Self::OFFSETS || count < Self::MOST_OFFSETS;
            if has_room && offsets.len() < Self::PARTITIONS && due(partition, standing) {
                standing.inspected = Some(now);
                count += standing.length;
                offsets.insert(*partition, standing.from.until(standing.to).collect());
            }
        }
        offsets
    }

    fn start(&mut self, offsets: BTreeMap<Partition, BTreeSet<Offset>>) {
        if !offsets.is_empty() {
            let records = self.records.clone();
            self.running = Some(tokio::spawn(async move { records.read(offsets).await }));
        }
    }
}

impl Standing {
    /// Where none of the offsets has a record, it goes on behind them. Since when the partition stands still does not
    /// change, so what comes next is due as soon as it is observed.
    fn pass(&mut self, scanned: &ScannedPartition) {
        let is_empty = |(_, it): (Offset, &OffsetContent)| {
            matches!(it, OffsetContent::NoRecord | OffsetContent::Deleted)
        };
        let Some(end) = scanned.contents().last().map(|(last, _)| last.next()) else { return };
        if !scanned.contents().all(is_empty) {
            self.length = Inspection::OFFSETS;
            self.to = self.to.min(self.from.plus(self.length));
            return;
        }
        self.length = (self.length * 2).min(Inspection::MOST_OFFSETS);
        if self.from < end {
            *self = Self { from: end, to: end, inspected: None, is_known: false, ..*self };
        }
    }
}

/// What a scan has found: nothing if Kafka did not answer. It is tried again after [`Inspection::RETRY`].
fn scanned(scanned: Result<Scanned, kafka::Error>) -> Scanned {
    scanned.unwrap_or_else(|error| {
        tracing::debug!(error = with_sources(&error), "partitions cannot be inspected now");
        Scanned::new()
    })
}

#[cfg(test)]
mod tests {
    use barrage::config::{self, Vars};
    use barrage::health::Readiness;
    use barrage::kafka::Config;

    use super::*;

    fn inspection() -> Inspection {
        let vars = Vars::from_iter([("KAFKA_SERVER", "127.0.0.1:1")]);
        let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
        let probe = Readiness::default().partial_dependency("partitions");
        Inspection::new(RecordScan::new(&config), probe)
    }

    #[test]
    fn a_partition_is_inspected_once_it_has_stood_still_and_again_when_it_has_more() {
        let (mut inspection, begin) = (inspection(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        let offset = |offset| Offset::new(offset).unwrap();
        let mut tracker = Tracker::new(offset(5));
        let due = |inspection: &mut Inspection, tracker: &Tracker, seconds| {
            inspection.observe(0, (tracker, false), at(seconds));
            let offsets = inspection.take_due(at(seconds)).remove(&0).unwrap_or_default();
            offsets.into_iter().map(Offset::get).collect::<Vec<_>>()
        };
        assert!(due(&mut inspection, &tracker, 0).is_empty(), "nothing waits");
        tracker.advance(offset(7));
        assert!(due(&mut inspection, &tracker, 1).is_empty(), "it has not stood still");
        assert_eq!(due(&mut inspection, &tracker, 2), [5, 6]);
        assert!(due(&mut inspection, &tracker, 6).is_empty(), "it is being inspected");
        assert_eq!(due(&mut inspection, &tracker, 7), [5, 6], "Kafka has told nothing of it");
        inspection.standing.get_mut(&0).unwrap().is_known = true;
        assert!(due(&mut inspection, &tracker, 60).is_empty(), "it was inspected");
        tracker.advance(offset(8));
        assert_eq!(due(&mut inspection, &tracker, 61), [5, 6, 7]);
        tracker.row_found(offset(5));
        assert!(due(&mut inspection, &tracker, 62).is_empty(), "it has moved");
        assert_eq!(due(&mut inspection, &tracker, 63), [6, 7]);
    }
    #[test]
    fn where_no_offset_has_a_record_the_next_ones_follow_at_once_and_are_more() {
        let (mut inspection, begin) = (inspection(), Instant::now());
        let offset = |offset| Offset::new(offset).unwrap();
        let mut tracker = Tracker::new(offset(0));
        tracker.advance(offset(2_000));
        inspection.observe(0, (&tracker, false), begin);
        assert!(inspection.take_due(begin).is_empty(), "it has not stood still");
        inspection.observe(0, (&tracker, true), begin);
        for (first, length) in [(0, 200), (200, 400), (600, 800), (1_400, 600)] {
            let due = inspection.take_due(begin).remove(&0).unwrap();
            assert_eq!((due.first(), due.len()), (Some(&offset(first)), length));
            let empty = due.iter().map(|it| (*it, OffsetContent::NoRecord)).collect();
            inspection.standing.get_mut(&0).unwrap().pass(&empty);
            assert!(inspection.take_due(begin).is_empty(), "the reader has not moved yet");
            due.into_iter().for_each(|it| tracker.has_no_record(it));
            inspection.observe(0, (&tracker, false), begin);
            inspection.observe(0, (&tracker, true), begin);
        }
        assert!(inspection.standing.is_empty());
    }

    #[test]
    fn a_record_ends_the_haste() {
        let (mut inspection, now) = (inspection(), Instant::now());
        let offset = |offset| Offset::new(offset).unwrap();
        let mut tracker = Tracker::new(offset(0));
        tracker.advance(offset(5_000));
        inspection.observe(0, (&tracker, true), now);
        inspection.standing.get_mut(&0).unwrap().length = 1_000;
        inspection.observe(0, (&tracker, true), now);
        let due = inspection.take_due(now).remove(&0).unwrap();
        assert_eq!(due.len(), 1_000);
        let records = due.iter().map(|it| (*it, OffsetContent::Record(None))).collect();
        let standing = inspection.standing.get_mut(&0).unwrap();
        standing.pass(&records);
        standing.is_known = true;
        inspection.observe(0, (&tracker, false), now);
        assert!(inspection.take_due(now).is_empty(), "it is known what it waits for");
        tracker.row_found(offset(0));
        inspection.observe(0, (&tracker, false), now);
        let due = inspection.take_due(now + Inspection::PATIENCE).remove(&0).unwrap();
        assert_eq!(due.len(), 200);
    }
}

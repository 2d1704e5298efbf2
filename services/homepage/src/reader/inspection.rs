//! Finds out why the first open offset of a partition stays open. It may be a record that waits for its router. But
//! an offset without a record does not wait, and a record that cannot be decoded waits for a person.
//!
//! A partition is inspected when it has stood still for a second, and again when it has moved or got more records.
//! The inspection reads Kafka in the background, so no round of the reader waits for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{self, RecordScan, ScannedPartition, Unreadable};
use barrage::position::{Offset, Partition};
use tokio::task::JoinHandle;

use super::tracker::Tracker;

pub(super) struct Inspection {
    records: RecordScan,
    /// Reports partitions that cannot be read.
    probe: Probe,
    standing: BTreeMap<Partition, Standing>,
    running: Option<JoinHandle<Result<Scanned, kafka::Error>>>,
    unreadable: BTreeMap<Partition, Unreadable>,
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
}

impl Standing {
    fn offsets(self) -> impl Iterator<Item = Offset> {
        let all = std::iter::successors(Some(self.from), |offset| Some(offset.next()));
        all.take_while(move |offset| *offset < self.to)
    }
}

impl Inspection {
    /// How long a partition must stand still.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// How many offsets of a partition are read.
    const OFFSETS: i64 = 500;
    /// How often a partition that cannot be read is tried again.
    const RETRY: Duration = Duration::from_secs(5);

    pub(super) fn new(records: RecordScan, probe: Probe) -> Self {
        let (standing, unreadable) = (BTreeMap::new(), BTreeMap::new());
        Self { records, probe, standing, running: None, unreadable }
    }

    /// Notes where a partition stands now.
    pub(super) fn observe(&mut self, partition: Partition, tracker: &Tracker, now: Instant) {
        if tracker.waiting() == 0 {
            self.standing.remove(&partition);
            self.unreadable.remove(&partition);
            return;
        }
        let from = tracker.finished();
        let to = from.plus(Self::OFFSETS).min(tracker.high_watermark());
        let standing = Standing { from, to, since: now, inspected: None };
        let known = self.standing.entry(partition).or_insert(standing);
        if known.from != from {
            *known = standing;
            self.unreadable.remove(&partition);
        } else if known.to != to {
            *known = Standing { since: known.since, ..standing };
        }
    }

    /// Starts the next inspection, and returns what the last one has found. Kafka may not answer: then the next one
    /// tries again.
    pub(super) async fn take_result(&mut self, now: Instant) -> Scanned {
        let is_over = self.running.as_ref().is_some_and(JoinHandle::is_finished);
        let ended = if is_over { self.running.take() } else { None };
        let scanned = match ended {
            Some(ended) => ended.await.ok().and_then(Result::ok).unwrap_or_default(),
            None => Scanned::new(),
        };
        for (partition, scanned) in &scanned {
            match scanned.unreadable().filter(|_| self.standing.contains_key(partition)) {
                Some(unreadable) => drop(self.unreadable.insert(*partition, unreadable.clone())),
                None => drop(self.unreadable.remove(partition)),
            }
        }
        self.report();
        if self.running.is_none() {
            self.start(now);
        }
        scanned
    }

    fn start(&mut self, now: Instant) {
        let unreadable = &self.unreadable;
        let due = |partition: &Partition, it: &Standing| match it.inspected {
            None => now.duration_since(it.since) >= Self::PATIENCE,
            Some(at) => unreadable.contains_key(partition) && now.duration_since(at) >= Self::RETRY,
        };
        let mut offsets = BTreeMap::new();
        for (partition, standing) in &mut self.standing {
            if due(partition, standing) {
                standing.inspected = Some(now);
                offsets.insert(*partition, standing.offsets().collect());
            }
        }
        if !offsets.is_empty() {
            let records = self.records.clone();
            self.running = Some(tokio::spawn(async move { records.read(offsets).await }));
        }
    }

    /// Says which partitions cannot be read: the first of them with its reason, and how many more.
    fn report(&self) {
        let Some((partition, Unreadable { offset, reason })) = self.unreadable.first_key_value()
        else {
            return self.probe.up();
        };
        let more = match self.unreadable.len() - 1 {
            0 => String::new(),
            more => format!(" ({more} more partitions, too)"),
        };
        let what = format!("partition {partition} cannot be read at offset {offset}: {reason}");
        self.probe.denied(what + &more);
    }
}

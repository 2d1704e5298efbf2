//! Which records a range of offsets holds, and which event each of them is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::{BorrowedMessage, Message as _};

use super::scanner::{Incomplete, OffsetRange, Reader, Scan, Scanner, create_reader};
use super::unreadable::Unreadable;
use crate::event::Identity;
use crate::kafka::config::REQUEST_TIMEOUT;
use crate::kafka::denial::Operation;
use crate::kafka::record::ConsumerRecord;
use crate::kafka::{Config, Error};
use crate::position::{Offset, Partition, Topic};
use crate::shutdown::with_sources;

/// Reads records of the topic again, a few at a time.
#[derive(Clone)]
pub struct RecordScan {
    client: ClientConfig,
    /// Kept between scans: this is called often and for a few records each. Before the first scan there is none, because
    /// its threads wake up every second. After a scan that failed there is none either: when Kafka has just started, it
    /// says that the topic does not exist, and a client may repeat that for longer than half a minute.
    consumer: Arc<Mutex<Option<Reader>>>,
    scanner: Scanner,
}

/// What is at some offsets of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedPartition {
    contents: BTreeMap<Offset, OffsetContent>,
    deleted_below: Offset,
    unreadable: Option<Unreadable>,
}

/// What Kafka has at one offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OffsetContent {
    /// A record, with its event; `None` if no row can be of this record.
    Record(Option<Identity>),
    /// No record, and there never will be one: a marker of a transaction, a record of an aborted one, or a compacted
    /// record.
    NoRecord,
    /// Kafka had something there and has deleted it.
    Deleted,
    /// A record that cannot be decoded, or anything after it.
    Unreadable,
    /// It was not scanned, or is at the high watermark or after it.
    Unknown,
}

impl ScannedPartition {
    pub fn at(&self, offset: Offset) -> &OffsetContent {
        self.contents.get(&offset).unwrap_or(&OffsetContent::Unknown)
    }

    /// All offsets of which something is known.
    pub fn contents(&self) -> impl Iterator<Item = (Offset, &OffsetContent)> {
        self.contents.iter().map(|(offset, content)| (*offset, content))
    }

    /// Kafka has deleted all before this offset; 0 if it still has what was scanned.
    pub fn deleted_below(&self) -> Offset {
        self.deleted_below
    }

    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.unreadable.as_ref()
    }
}

impl FromIterator<(Offset, OffsetContent)> for ScannedPartition {
    fn from_iter<T: IntoIterator<Item = (Offset, OffsetContent)>>(contents: T) -> Self {
        let contents: BTreeMap<_, _> = contents.into_iter().collect();
        let is_deleted =
            |(_, content): &(&Offset, &OffsetContent)| **content == OffsetContent::Deleted;
        let last_deleted = contents.iter().rfind(is_deleted);
        let deleted_below = last_deleted.map_or_else(Offset::default, |(last, _)| last.next());
        Self { contents, deleted_below, unreadable: None }
    }
}

impl RecordScan {
    /// How many offsets of a partition are read at once, unless the wanted ones follow each other without a gap: records
    /// between them are read for nothing.
    const CHUNK: i64 = 500;

    /// Reads the configured topic, and only during [`RecordScan::read`].
    pub fn new(config: &Config) -> Self {
        let mut client = config.standalone_consumer("scan");
        client.set("queued.max.messages.kbytes", "1024");
        let scanner = Scanner::new(config.access(Operation::Read));
        Self { client, consumer: Arc::default(), scanner }
    }

    /// Reads what Kafka has at these offsets, in all partitions at the same time.
    ///
    /// # Errors
    /// When Kafka does not answer. A record that cannot be decoded is no error: the result says where it is.
    pub async fn read(&self, offsets: PartitionSets) -> Result<Scanned, Error> {
        if offsets.is_empty() {
            return Ok(Scanned::new());
        }
        let (client, kept) = (self.client.clone(), self.consumer.clone());
        let work = move |scan: &Scan| {
            let consumer = kept.lock().take();
            let consumer = consumer.map_or_else(|| create_reader(&client), Ok)?;
            let scanned = read(scan, &consumer, offsets).map_err(|why| scan.explain(why))?;
            consumer.unassign().map_err(|error| scan.explain(error.into()))?;
            *kept.lock() = Some(consumer);
            Ok(scanned)
        };
        self.scanner.run(work).await
    }

    /// Reads what Kafka has at one offset.
    ///
    /// # Errors
    /// As [`RecordScan::read`].
    pub async fn read_one(
        &self,
        partition: Partition,
        offset: Offset,
    ) -> Result<OffsetContent, Error> {
        let offsets = PartitionSets::from([(partition, BTreeSet::from([offset]))]);
        let scanned = self.read(offsets).await?;
        let content = scanned.get(&partition).map(|scanned| scanned.at(offset).clone());
        Ok(content.unwrap_or(OffsetContent::Unknown))
    }
}

/// Offsets by partition.
type PartitionSets = BTreeMap<Partition, BTreeSet<Offset>>;
type Scanned = BTreeMap<Partition, ScannedPartition>;

/// What was delivered of one range.
#[derive(Debug, Default)]
struct Delivered {
    events: BTreeMap<Offset, Option<Identity>>,
    unreadable: Option<Unreadable>,
}

/// Reads chunk after chunk, of all partitions at once.
fn read(scan: &Scan, consumer: &Reader, mut offsets: PartitionSets) -> Result<Scanned, Incomplete> {
    let mut scanned = Scanned::new();
    offsets.retain(|_, set| !set.is_empty());
    while !offsets.is_empty() {
        let ranges = offsets.iter().filter_map(|(partition, set)| Some((*partition, chunk(set)?)));
        let ranges: BTreeMap<_, _> = ranges.collect();
        let existing = scan.existing(consumer, &ranges, REQUEST_TIMEOUT)?;
        let delivered = deliver(scan, consumer, &existing)?;
        for (partition, OffsetRange { from, to }) in ranges {
            let Some(set) = offsets.remove(&partition) else { continue };
            let mut now = set;
            let rest = now.split_off(&to);
            let range = existing.get(&partition);
            if let Some((range, delivered)) = range.zip(delivered.get(&partition)) {
                let known = now.into_iter().filter(|offset| *offset < range.to);
                let partition = scanned.entry(partition).or_default();
                if range.from > from {
                    partition.deleted_below = range.from;
                }
                partition.contents.extend(known.map(|it| (it, delivered.content(it, range.from))));
                partition.unreadable = partition.unreadable.take().or(delivered.unreadable.clone());
            }
            if !rest.is_empty() {
                offsets.insert(partition, rest);
            }
        }
    }
    Ok(scanned)
}

/// What is read first of these offsets.
fn chunk(offsets: &BTreeSet<Offset>) -> Option<OffsetRange> {
    let (from, end) = (*offsets.first()?, offsets.last()?.next());
    let has_no_gap = offsets.len() as u64 == end.since(from);
    let to = if has_no_gap { end } else { end.min(from.plus(RecordScan::CHUNK)) };
    Some(OffsetRange { from, to })
}

fn deliver(
    scan: &Scan,
    consumer: &Reader,
    ranges: &BTreeMap<Partition, OffsetRange>,
) -> Result<BTreeMap<Partition, Delivered>, Incomplete> {
    let mut all: BTreeMap<_, _> = ranges.keys().map(|it| (*it, Delivered::default())).collect();
    let read = scan.read(consumer, ranges.clone(), visitor(scan.topic(), &mut all))?;
    if read.unreadable.is_none() {
        return Ok(all);
    }
    // librdkafka does not say which partition it cannot decode. So each one that has a hole is read alone.
    for (partition, range) in ranges {
        let records = all.get(partition).map_or(0, |it| it.events.len() as u64);
        if read.incomplete.contains(partition) || records < range.to.since(range.from) {
            all.insert(*partition, deliver_alone(scan, consumer, *partition, *range)?);
        }
    }
    Ok(all)
}

/// Reads one partition, so that an undecodable record is one of this partition.
fn deliver_alone(
    scan: &Scan,
    consumer: &Reader,
    partition: Partition,
    range: OffsetRange,
) -> Result<Delivered, Incomplete> {
    let mut all = BTreeMap::from([(partition, Delivered::default())]);
    let read =
        scan.read(consumer, BTreeMap::from([(partition, range)]), visitor(scan.topic(), &mut all))?;
    let mut delivered = all.remove(&partition).unwrap_or_default();
    if let Some(error) = read.unreadable {
        let reason = with_sources(&scan.explain(Incomplete::Failed(error)));
        let mut offsets = range.from.until(range.to);
        let hole = offsets.find(|offset| !delivered.events.contains_key(offset));
        delivered.unreadable = hole.map(|offset| Unreadable { offset, reason });
    }
    Ok(delivered)
}

fn visitor(
    topic: &Topic,
    all: &mut BTreeMap<Partition, Delivered>,
) -> impl FnMut(Offset, &BorrowedMessage<'_>) -> ControlFlow<()> {
    move |offset, message| {
        if let Some(delivered) = all.get_mut(&message.partition()) {
            delivered.events.insert(offset, identity(message, topic));
        }
        ControlFlow::Continue(())
    }
}

impl Delivered {
    /// What is at an offset of the range. Kafka has deleted all `below`.
    fn content(&self, offset: Offset, below: Offset) -> OffsetContent {
        match (self.events.get(&offset), &self.unreadable) {
            (Some(event), _) => OffsetContent::Record(event.clone()),
            (None, _) if offset < below => OffsetContent::Deleted,
            (None, Some(unreadable)) if offset >= unreadable.offset => OffsetContent::Unreadable,
            (None, _) => OffsetContent::NoRecord,
        }
    }
}

/// A record with a header whose name cannot be read is no event: it becomes a dead letter.
fn identity(message: &BorrowedMessage<'_>, topic: &Topic) -> Option<Identity> {
    let record = ConsumerRecord::of(message, topic)?;
    Identity::of_record(&record.parts()).filter(|_| record.unreadable_header.is_none())
}

//! The loop that every scan runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::kafka::denial::Access;
use crate::kafka::error::is_unreadable;
use crate::kafka::error_callback::ReaderCallback;
use crate::kafka::offsets::{known, request};
use crate::kafka::{Error, PartitionOffsets};
use crate::position::{Offset, Partition, Topic};

/// A consumer that reads without a group.
pub(super) type Reader = BaseConsumer<ReaderCallback>;

/// Creates the client of a scan.
///
/// # Errors
/// When librdkafka refuses the configuration.
pub(super) fn create_reader(client: &ClientConfig) -> Result<Reader, Error> {
    client.create_with_context(ReaderCallback::default()).map_err(Error::Configuration)
}

/// Runs scans of one topic, one at a time: each takes a thread and a connection.
#[derive(Clone)]
pub(super) struct Scanner {
    access: Arc<Access>,
    permit: Arc<Semaphore>,
}

/// The offsets of one partition that a scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetRange {
    pub(super) from: Offset,
    /// The offset after the last one. It must not be above the high watermark.
    pub(super) to: Offset,
}

/// A scan that has come to its end.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Partitions that were not read to their ends, because of `unreadable`.
    pub(super) incomplete: BTreeSet<Partition>,
    /// The last error about a record that could not be decoded. librdkafka does not say of which partition.
    pub(super) unreadable: Option<KafkaError>,
}

/// Why a scan did not come to its end.
#[derive(Debug)]
pub(super) enum Incomplete {
    /// A request failed, or Kafka denies the access.
    Failed(KafkaError),
    /// No record came for [`Scan::SILENCE`]. The last error of a poll, if there was one.
    Silent(Option<KafkaError>),
    /// Nobody waits for the result any more.
    Cancelled,
}

impl From<KafkaError> for Incomplete {
    fn from(error: KafkaError) -> Self {
        Self::Failed(error)
    }
}

impl Scanner {
    pub(super) fn new(access: Access) -> Self {
        Self { access: Arc::new(access), permit: Arc::new(Semaphore::new(1)) }
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.access.topic
    }

    /// Runs `work` on a thread of its own, after the scans before it. When the caller drops the future, the
    /// scan is cancelled and its thread ends soon; only then may the next one begin.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Scan) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.permit.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let scan = Scan { access: self.access.clone(), cancelled: CancellationToken::new() };
        let _cancels_when_dropped = scan.cancelled.clone().drop_guard();
        let blocking = move || {
            let result = work(&scan);
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(blocking).await.map_err(|_| Error::Closed)?
    }
}

/// What one poll of the consumer has brought.
enum Polled<'a> {
    Nothing,
    Message(BorrowedMessage<'a>),
    /// The consumer has reached the end of the partition, which is at this offset, as far as it says.
    End(Partition, Option<Offset>),
    /// A record cannot be decoded.
    Unreadable(KafkaError),
    /// librdkafka goes on by itself. This is the reason if no record comes any more.
    Failed(KafkaError),
}

/// One scan, on its thread.
pub(super) struct Scan {
    access: Arc<Access>,
    cancelled: CancellationToken,
}

impl Scan {
    /// How long the broker may deliver no record before the scan gives up.
    pub(super) const SILENCE: Duration = Duration::from_secs(10);
    /// … if librdkafka has reported a record that it cannot decode. It tries again twice a second.
    const SILENCE_IF_UNREADABLE: Duration = Duration::from_secs(2);
    /// How long one poll takes at most. After each the scan checks whether it was cancelled.
    const POLL: Duration = Duration::from_millis(100);

    pub(super) fn topic(&self) -> &Topic {
        &self.access.topic
    }

    /// Calls `visit` for the records of these ranges until all are read, or until it breaks.
    ///
    /// Not every offset has a record that Kafka delivers: the markers of transactions, and the records of aborted
    /// ones, have offsets too, and compaction removes records. So a partition ends by position and never by a
    /// certain record: when a record at the end of its range or after it arrives, or when the consumer has reached
    /// the end of the partition (`enable.partition.eof`).
    ///
    /// An example: the ranges are partition 0 from 5 to 8 and partition 1 from 2 to 4. Compaction has removed
    /// offset 7 of partition 0, and offset 3 of partition 1 is a marker, the last offset of that partition. The
    /// consumer delivers 0@5, 1@2, 0@6, the end of partition 1, and 0@8. The first three records are visited. 0@8
    /// is after its range and ends partition 0, and with it the scan.
    pub(super) fn read(
        &self,
        consumer: &Reader,
        mut ranges: BTreeMap<Partition, OffsetRange>,
        mut visit: impl FnMut(Offset, &BorrowedMessage<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, Incomplete> {
        ranges.retain(|_, range| range.from < range.to);
        self.assign(consumer, &ranges)?;
        let (mut last_progress, mut last_error, mut unreadable) = (Instant::now(), None, None);
        while !ranges.is_empty() {
            let silent = last_progress.elapsed();
            if unreadable.is_some() && silent > Self::SILENCE_IF_UNREADABLE {
                break;
            }
            if silent > Self::SILENCE {
                return Err(Incomplete::Silent(last_error));
            }
            let message = match self.poll(consumer)? {
                Polled::Nothing => continue,
                Polled::Message(message) => message,
                Polled::End(partition, end) => {
                    last_progress = Instant::now();
                    // A broker may answer once as if records that it has were not there.
                    ranges.retain(|it, range| {
                        *it != partition || end.is_some_and(|at| at < range.to)
                    });
                    continue;
                }
                Polled::Unreadable(error) => {
                    unreadable = unreadable.or(Some(error));
                    continue;
                }
                Polled::Failed(error) => {
                    last_error = Some(error);
                    continue;
                }
            };
            last_progress = Instant::now();
            let Some((offset, range)) = locate(&message, &ranges) else { continue };
            if (range.from..range.to).contains(&offset) && visit(offset, &message).is_break() {
                break;
            }
            if offset.next() >= range.to {
                ranges.remove(&message.partition());
            }
        }
        Ok(Scanned { incomplete: ranges.into_keys().collect(), unreadable })
    }

    /// Reduces the ranges to the offsets that the partitions have now. A range that is outside is left out, unless
    /// Kafka has deleted all of it: then it is empty and begins after it.
    pub(super) fn existing(
        &self,
        consumer: &Reader,
        ranges: &BTreeMap<Partition, OffsetRange>,
        timeout: Duration,
    ) -> Result<BTreeMap<Partition, OffsetRange>, KafkaError> {
        let low = self.list_offsets(consumer, ranges, KafkaOffset::Beginning, timeout)?;
        let high = self.list_offsets(consumer, ranges, KafkaOffset::End, timeout)?;
        let existing = |(partition, range): (&Partition, &OffsetRange)| {
            let (low, high) = (*low.get(partition)?, *high.get(partition)?);
            let from = range.from.max(low);
            let to = range.to.min(high).max(low);
            (from <= to).then_some((*partition, OffsetRange { from, to }))
        };
        Ok(ranges.iter().filter_map(existing).collect())
    }

    fn list_offsets(
        &self,
        consumer: &Reader,
        ranges: &BTreeMap<Partition, OffsetRange>,
        which: KafkaOffset,
        timeout: Duration,
    ) -> Result<PartitionOffsets, KafkaError> {
        let list = request(self.topic(), ranges.keys(), which)?;
        Ok(known(&consumer.offsets_for_times(list, timeout)?))
    }

    /// Polls once. Fails if Kafka denies the access, or nobody waits for the result.
    fn poll<'a>(&self, consumer: &'a Reader) -> Result<Polled<'a>, Incomplete> {
        if self.cancelled.is_cancelled() {
            return Err(Incomplete::Cancelled);
        }
        match consumer.poll(Self::POLL) {
            None => Ok(Polled::Nothing),
            Some(Ok(message)) => Ok(Polled::Message(message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                Ok(Polled::End(partition, consumer.context().take_end()))
            }
            Some(Err(error)) if is_unreadable(&error) => Ok(Polled::Unreadable(error)),
            Some(Err(error)) if self.is_denied(&error) => Err(error.into()),
            Some(Err(error)) => Ok(Polled::Failed(error)),
        }
    }

    fn is_denied(&self, error: &KafkaError) -> bool {
        error.rdkafka_error_code().is_some_and(|code| self.access.denial(code).is_some())
    }

    /// The error for the caller.
    pub(super) fn explain(&self, why: Incomplete) -> Error {
        match why {
            Incomplete::Failed(error) | Incomplete::Silent(Some(error)) => {
                Error::of(error, &self.access)
            }
            Incomplete::Silent(None) | Incomplete::Cancelled => Error::Closed,
        }
    }

    fn assign(
        &self,
        consumer: &Reader,
        ranges: &BTreeMap<Partition, OffsetRange>,
    ) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(ranges.len());
        for (partition, range) in ranges {
            let from = KafkaOffset::Offset(range.from.get());
            list.add_partition_offset(self.topic().as_str(), *partition, from)?;
        }
        consumer.assign(&list)
    }
}

/// The offset of a message, and the range of its partition if that is still read.
fn locate(
    message: &BorrowedMessage<'_>,
    ranges: &BTreeMap<Partition, OffsetRange>,
) -> Option<(Offset, OffsetRange)> {
    Offset::new(message.offset()).zip(ranges.get(&message.partition()).copied())
}

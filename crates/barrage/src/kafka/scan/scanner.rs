//! The loop that every scan runs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::kafka::Error;
use crate::kafka::denial::Access;
use crate::position::{Offset, Partition, Topic};

/// Runs scans of one topic, one at a time: each takes a thread and a connection.
#[derive(Clone)]
pub(super) struct Scanner {
    access: Arc<Access>,
    permit: Arc<Semaphore>,
}

/// The offsets of one partition that a scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Offset,
    /// The offset after the last one; `None` when the visitor or the end of the partition ends the scan.
    pub(super) to: Option<Offset>,
}

/// What a scan does when a poll fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    /// It ends with that error.
    Fail,
    /// It goes on, as librdkafka does by itself. The error becomes the reason if no record comes any more.
    Continue,
}

/// Why a scan did not reach its end.
#[derive(Debug)]
pub(super) enum Incomplete {
    /// A request or a poll failed.
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

/// One scan, on its thread.
pub(super) struct Scan {
    access: Arc<Access>,
    cancelled: CancellationToken,
}

impl Scan {
    /// How long the broker may deliver no record before the scan gives up.
    const SILENCE: Duration = Duration::from_secs(10);
    /// How long one poll takes at most. After each the scan checks whether it was cancelled.
    const POLL: Duration = Duration::from_millis(100);

    pub(super) fn topic(&self) -> &Topic {
        &self.access.topic
    }

    /// Calls `visit` for the records of these ranges until all are read, or until it breaks.
    ///
    /// An example: the ranges are partition 0 from 5 to 8 and partition 1 from 2 to 4. Compaction has removed
    /// offset 7 of partition 0. The consumer delivers 0@5, 1@2, 0@6, 1@3 and 0@8. All but the last are visited.
    /// 1@3 ends partition 1, because the offset after it is the end of the range. 0@8 is after the range and
    /// ends partition 0, and with it the scan.
    ///
    /// A partition also ends where it has no more records, if the consumer reports that
    /// (`enable.partition.eof`). The scan fails when no record came for [`Scan::SILENCE`], or when nobody
    /// waits for its result any more.
    pub(super) fn read(
        &self,
        consumer: &BaseConsumer,
        mut ranges: BTreeMap<Partition, Range>,
        on_error: OnError,
        mut visit: impl FnMut(Offset, &BorrowedMessage<'_>) -> ControlFlow<()>,
    ) -> Result<(), Incomplete> {
        self.assign(consumer, &ranges)?;
        let (mut last_record, mut last_error) = (Instant::now(), None);
        while !ranges.is_empty() {
            if self.cancelled.is_cancelled() {
                return Err(Incomplete::Cancelled);
            }
            if last_record.elapsed() > Self::SILENCE {
                return Err(Incomplete::Silent(last_error));
            }
            let message = match consumer.poll(Self::POLL) {
                None => continue,
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ranges.remove(&partition);
                    continue;
                }
                Some(Err(error)) if on_error == OnError::Fail => return Err(error.into()),
                Some(Err(error)) => {
                    last_error = Some(error);
                    continue;
                }
            };
            last_record = Instant::now();
            let partition = message.partition();
            let Some(offset) = Offset::new(message.offset()) else { continue };
            let Some(Range { to, .. }) = ranges.get(&partition).copied() else { continue };
            if to.is_none_or(|to| offset < to) && visit(offset, &message).is_break() {
                return Ok(());
            }
            if to.is_some_and(|to| offset.next() >= to) {
                ranges.remove(&partition);
            }
        }
        Ok(())
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
        consumer: &BaseConsumer,
        ranges: &BTreeMap<Partition, Range>,
    ) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(ranges.len());
        for (partition, range) in ranges {
            let from = KafkaOffset::Offset(range.from.get());
            list.add_partition_offset(self.topic().as_str(), *partition, from)?;
        }
        consumer.assign(&list)
    }
}

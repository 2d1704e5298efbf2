//! Finds the offset of a record that Kafka has acknowledged without saying where it is.
//!
//! When an acknowledgement is lost with its connection, librdkafka sends the record again. A broker that
//! has it already answers only that it is a duplicate, and librdkafka reports a success without an offset.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message as _, Offset as KafkaOffset, TopicPartitionList};

use super::scanner::{Incomplete, OffsetRange, Reader, Scan, Scanner, create_reader};
use crate::kafka::config::REQUEST_TIMEOUT;
use crate::kafka::denial::Operation;
use crate::kafka::{Config, Error, ProducerRecord};
use crate::position::{Offset, Partition, Position, Topic};
use crate::time::Millis;

/// Finds records of one topic.
#[derive(Clone)]
pub(in crate::kafka) struct RecordFinder {
    client: ClientConfig,
    scanner: Scanner,
}

impl RecordFinder {
    /// How many of the last records are read when none has a timestamp late enough.
    const LAST: i64 = 10_000;

    pub(in crate::kafka) fn new(config: &Config, topic: &Topic) -> Self {
        let mut client = config.standalone_consumer("finder");
        client
            .set("queued.max.messages.kbytes", "4096")
            // Our record may be behind an open transaction of another producer.
            .set("isolation.level", "read_uncommitted");
        Self { client, scanner: Scanner::new(config.access_to(Operation::Read, topic)) }
    }

    /// The position of a record that was sent with the timestamp `sent`. It is found by its key and value.
    ///
    /// # Errors
    /// When Kafka does not answer; [`Error::Lost`] when the record is not there any more.
    pub(in crate::kafka) async fn find(
        &self,
        partition: Partition,
        sent: Millis,
        record: ProducerRecord,
    ) -> Result<Position, Error> {
        let client = self.client.clone();
        let work = move |scan: &Scan| {
            let consumer = create_reader(&client)?;
            match find(scan, &consumer, partition, sent, &record) {
                Ok(found) => found.ok_or(Error::Lost),
                Err(Incomplete::Silent(None)) => Err(Error::Lost),
                Err(why) => Err(scan.explain(why)),
            }
        };
        let offset = self.scanner.run(work).await?;
        Ok(Position { topic: self.scanner.topic().clone(), partition, offset })
    }
}

/// Reads from the first record of that time to what is the end of the partition now.
fn find(
    scan: &Scan,
    consumer: &Reader,
    partition: Partition,
    sent: Millis,
    record: &ProducerRecord,
) -> Result<Option<Offset>, Incomplete> {
    let (from, end) = limits(consumer, scan.topic(), partition, sent)?;
    let mut found = None;
    let ranges = BTreeMap::from([(partition, OffsetRange { from, to: end })]);
    scan.read(consumer, ranges, |offset, message| {
        if message.key() == record.key.as_deref() && message.payload() == record.value.as_deref() {
            found = Some(offset);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Where to begin and where to end.
///
/// A broker may stamp records by its own clock. If that is behind ours, no record seems to be as late as
/// `sent`; then the record is among the last ones.
fn limits(
    consumer: &Reader,
    topic: &Topic,
    partition: Partition,
    sent: Millis,
) -> Result<(Offset, Offset), KafkaError> {
    let topic = topic.as_str();
    let mut time = TopicPartitionList::with_capacity(1);
    time.add_partition_offset(topic, partition, KafkaOffset::Offset(sent.0))?;
    let offsets = consumer.offsets_for_times(time, REQUEST_TIMEOUT)?;
    let (low, end) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
    let at_time = offsets.find_partition(topic, partition).and_then(|it| it.offset().to_raw());
    let among_last = || Offset::new(low.max(end - RecordFinder::LAST));
    let from = at_time.and_then(Offset::new).or_else(among_last).unwrap_or_default();
    Ok((from, Offset::new(end).unwrap_or_default()))
}

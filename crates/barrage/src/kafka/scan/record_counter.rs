//! How many records have a key that begins with a prefix. A burst's records do, so they can be counted
//! even if the homepage that sent them died before it wrote the number down.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rdkafka::ClientConfig;
use rdkafka::message::Message as _;

use super::scanner::{OffsetRange, Scan, Scanner, create_reader};
use crate::kafka::denial::Operation;
use crate::kafka::{Config, Error, PartitionOffsets};
use crate::position::{Offset, Partition};

/// Counts records of the topic.
#[derive(Clone)]
pub struct RecordCounter {
    client: ClientConfig,
    scanner: Scanner,
}

/// The records that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordCount {
    pub records: u64,
    /// The offset after the last of them, for each partition that has any.
    pub next_offsets: PartitionOffsets,
    /// Where each partition was read from. Kafka has deleted what is before, if that was to be read, too.
    pub begins: PartitionOffsets,
}

impl RecordCounter {
    /// Counts in the configured topic.
    pub fn new(config: &Config) -> Self {
        let mut client = config.standalone_consumer("counter");
        client.set("queued.max.messages.kbytes", "4096");
        Self { client, scanner: Scanner::new(config.access(Operation::Read)) }
    }

    /// Counts the records whose key begins with `prefix`, `from` included and `to` excluded. A partition
    /// that is not in `from` is read from its beginning.
    ///
    /// # Errors
    /// When Kafka does not answer, or a record of the range cannot be decoded.
    pub async fn count(
        &self,
        from: PartitionOffsets,
        to: PartitionOffsets,
        prefix: Vec<u8>,
    ) -> Result<RecordCount, Error> {
        let client = self.client.clone();
        let work = move |scan: &Scan| count(scan, &client, &from, &to, &prefix);
        self.scanner.run(work).await
    }
}

fn count(
    scan: &Scan,
    client: &ClientConfig,
    from: &PartitionOffsets,
    to: &PartitionOffsets,
    prefix: &[u8],
) -> Result<RecordCount, Error> {
    let mut found = RecordCount::default();
    let range = |(partition, to): (&Partition, &Offset)| {
        let from = from.get(partition).copied().unwrap_or_default();
        (from < *to).then_some((*partition, OffsetRange { from, to: *to }))
    };
    let ranges: BTreeMap<_, _> = to.iter().filter_map(range).collect();
    if ranges.is_empty() {
        return Ok(found);
    }
    let consumer = create_reader(client)?;
    let existing = scan.existing(&consumer, &ranges, Scan::SILENCE);
    let existing = existing.map_err(|error| scan.explain(error.into()))?;
    found.begins = existing.iter().map(|(partition, range)| (*partition, range.from)).collect();
    let all = scan.read(&consumer, existing, |offset, message| {
        if message.key().is_some_and(|key| key.starts_with(prefix)) {
            found.records += 1;
            found.next_offsets.insert(message.partition(), offset.next());
        }
        ControlFlow::Continue(())
    });
    match all.map_err(|why| scan.explain(why))?.unreadable {
        Some(error) => Err(scan.explain(error.into())),
        None => Ok(found),
    }
}

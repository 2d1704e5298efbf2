//! How many records have a key that begins with a prefix. A burst's records do, so they can be counted
//! even if the homepage that sent them died before it wrote the number down.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::Message as _;

use super::scanner::{OnError, Range, Scan, Scanner};
use crate::kafka::denial::Operation;
use crate::kafka::{Config, Error, PartitionOffsets};

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
}

impl RecordCounter {
    /// Counts in the configured topic.
    pub fn new(config: &Config) -> Self {
        let mut client = config.standalone_consumer("counter");
        client.set("enable.partition.eof", "false").set("queued.max.messages.kbytes", "4096");
        Self { client, scanner: Scanner::new(config.access(Operation::Read)) }
    }

    /// Counts the records whose key begins with `prefix`, `from` included and `to` excluded. A partition
    /// that is not in `from` is read from its beginning.
    ///
    /// # Errors
    /// When Kafka does not deliver the whole range.
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
    let ranges: BTreeMap<_, _> = to
        .iter()
        .filter(|(partition, end)| from.get(partition) < Some(end))
        .map(|(partition, end)| {
            let from = from.get(partition).copied().unwrap_or_default();
            (*partition, Range { from, to: Some(*end) })
        })
        .collect();
    if ranges.is_empty() {
        return Ok(found);
    }
    let consumer: BaseConsumer = client.create().map_err(Error::Configuration)?;
    let all = scan.read(&consumer, ranges, OnError::Fail, |offset, message| {
        if message.key().is_some_and(|key| key.starts_with(prefix)) {
            found.records += 1;
            found.next_offsets.insert(message.partition(), offset.next());
        }
        ControlFlow::Continue(())
    });
    all.map(|()| found).map_err(|why| scan.explain(why))
}

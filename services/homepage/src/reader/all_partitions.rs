//! Requests rows of all partitions at once, and settles what they have found.

use std::collections::BTreeMap;

use barrage::kafka::{RecordScan, ScannedPartition};
use barrage::position::Partition;
use barrage::table::{Row, Table};
use futures::{StreamExt as _, stream};

use super::partition_reader::{Error, Found, PartitionReader, Request};

/// How many partitions are read at once, so that one slow request does not delay all partitions.
const CONCURRENCY: usize = 16;

/// Requests rows of all partitions, reads from Kafka what is needed to judge them, and counts them. An error keeps
/// nothing from counting that could be read.
pub(super) async fn request(
    readers: &mut BTreeMap<Partition, PartitionReader>,
    (table, records): (&Table, &RecordScan),
    what: Request,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let mut result = Ok(());
    let mut requested: BTreeMap<Partition, Found> = BTreeMap::new();
    let requests: Vec<_> = readers
        .iter_mut()
        .map(async |(partition, reader)| (*partition, reader.request(what, table).await))
        .collect();
    let mut answers = stream::iter(requests).buffer_unordered(CONCURRENCY);
    while let Some((partition, (found, answer))) = answers.next().await {
        requested.insert(partition, found);
        result = result.and(answer);
    }
    drop(answers);
    let to_scan = readers.iter_mut().filter_map(|(partition, reader)| {
        let offsets = reader.offsets_to_scan(requested.get(partition)?);
        (!offsets.is_empty()).then_some((*partition, offsets))
    });
    let scanned = match records.read(to_scan.collect()).await {
        Ok(scanned) => scanned,
        // Without the scan a stored message could count as expired. The next round tries again.
        Err(error) if what == Request::Deleted => return result.and(Err(error.into())),
        Err(error) => {
            result = result.and(Err(error.into()));
            BTreeMap::new()
        }
    };
    let nothing = ScannedPartition::default();
    for (partition, found) in requested {
        if let Some(reader) = readers.get_mut(&partition) {
            rows.extend(reader.settle(what, found, scanned.get(&partition).unwrap_or(&nothing)));
        }
    }
    result
}

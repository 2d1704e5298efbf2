//! Requests rows of all partitions at once, and settles what they have found.

use std::collections::BTreeMap;

use barrage::kafka::{RecordScan, ScannedPartition};
use barrage::position::{Partition, Position};
use barrage::table::{self, Consistency, Row, Table};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::partition_reader::{Error, Found, PartitionReader, Request};

type Readers = BTreeMap<Partition, PartitionReader>;

/// What a request has found in each partition, and its error. An error keeps nothing from counting that was found.
type Answer = (BTreeMap<Partition, Found>, Result<(), Error>);

/// How many partitions are read at once, so that one slow request does not delay all partitions.
const CONCURRENCY: usize = 16;

/// So many open offsets are few: one request looks all of them up, however many partitions they are in. DynamoDB counts
/// half a read unit for each of them, and for each partition that is queried.
const FEW: usize = 8;

/// Reads the rows that must appear and adds the new ones to `rows`. Reads from Kafka what is needed to judge them, and
/// counts them.
pub(super) async fn read(
    readers: &mut Readers,
    (table, records): (&Table, &RecordScan),
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let deleted = request(readers, Request::Deleted, table).await;
    let mut result = settle(readers, deleted, records, rows).await;
    if readers.values().flat_map(PartitionReader::open).take(FEW + 1).count() <= FEW {
        let open = request_open(readers, table).await;
        return result.and(settle(readers, open, records, rows).await);
    }
    for what in [Request::New, Request::Gaps] {
        let answer = request(readers, what, table).await;
        result = result.and(settle(readers, answer, records, rows).await);
    }
    result
}

async fn request(readers: &mut Readers, what: Request, table: &Table) -> Answer {
    let (mut requested, mut result) = (BTreeMap::new(), Ok(()));
    let requests: Vec<_> = readers
        .iter_mut()
        .map(async |(partition, reader)| (*partition, reader.request(what, table).await))
        .collect();
    let mut answers = stream::iter(requests).buffer_unordered(CONCURRENCY);
    while let Some((partition, (found, answer))) = answers.next().await {
        requested.insert(partition, found);
        result = result.and(answer);
    }
    (requested, result)
}

/// Requests all open offsets of all partitions at once.
async fn request_open(readers: &mut Readers, table: &Table) -> Answer {
    let (answer, result) = match look_up_open(readers, table).await {
        Ok(answer) => (answer, Ok(())),
        Err(error) => (table::Found::default(), Err(error)),
    };
    let mut answers = by_partition(answer);
    let found = readers.iter_mut().map(|(partition, reader)| {
        (*partition, reader.found_open(answers.remove(partition).unwrap_or_default()))
    });
    (found.collect(), result)
}

async fn look_up_open(readers: &mut Readers, table: &Table) -> Result<table::Found, Error> {
    let entered: Vec<_> = readers.values_mut().map(|reader| reader.enter_shards(table)).collect();
    stream::iter(entered).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    let positions: Vec<Position> = readers.values().flat_map(PartitionReader::open).collect();
    if positions.is_empty() {
        return Ok(table::Found::default());
    }
    let is_judged = readers.values().any(PartitionReader::has_committed_past_open);
    let consistency = if is_judged { Consistency::Strong } else { Consistency::Eventual };
    Ok(table.get(&positions, consistency).await?)
}

fn by_partition(answer: table::Found) -> BTreeMap<Partition, table::Found> {
    let mut answers: BTreeMap<Partition, table::Found> = BTreeMap::new();
    for row in answer.rows {
        answers.entry(row.position.partition).or_default().rows.push(row);
    }
    for position in answer.looked_up {
        answers.entry(position.partition).or_default().looked_up.push(position);
    }
    answers
}

/// Counts what was requested, as far as it can be judged.
async fn settle(
    readers: &mut Readers,
    (mut requested, mut result): Answer,
    records: &RecordScan,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let to_scan = readers.iter_mut().filter_map(|(partition, reader)| {
        let offsets = reader.offsets_to_scan(requested.get(partition)?);
        (!offsets.is_empty()).then_some((*partition, offsets))
    });
    let scanned = match records.read(to_scan.collect()).await {
        Ok(scanned) => scanned,
        Err(error) => {
            result = result.and(Err(error.into()));
            // Without the scan a stored message could count as expired. The next round tries again.
            requested.retain(|_, found| !found.has_looked_for_deleted());
            BTreeMap::new()
        }
    };
    let nothing = ScannedPartition::default();
    for (partition, found) in requested {
        if let Some(reader) = readers.get_mut(&partition) {
            rows.extend(reader.settle(found, scanned.get(&partition).unwrap_or(&nothing)));
        }
    }
    result
}

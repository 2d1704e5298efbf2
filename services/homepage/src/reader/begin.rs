//! Where a run of the reader begins.

use std::collections::BTreeMap;

use barrage::kafka::{self, Offsets};
use barrage::position::{Partition, Topic};

use super::partition_reader::PartitionReader;

/// How many records of all partitions a run begins with, finished or not: a page opens with the last bullets.
const RECENT: i64 = 8000;
/// … and of one partition.
const RECENT_OF_PARTITION: i64 = 1000;

/// The partitions where a run begins: with all that is not finished, and with some of what is.
pub(super) async fn first_partitions(
    offsets: &Offsets,
    topic: &Topic,
) -> Result<BTreeMap<Partition, PartitionReader>, kafka::Error> {
    let partitions = offsets.partitions().await?;
    let low_watermarks = offsets.low_watermarks(&partitions).await?;
    let high_watermarks = offsets.high_watermarks(&partitions).await?;
    let committed = offsets.committed(&partitions).await?.offsets;
    let with_records =
        high_watermarks.iter().filter(|(p, high)| low_watermarks.get(p) < Some(high));
    let share = RECENT / i64::try_from(with_records.count().max(1)).unwrap_or(i64::MAX);
    let recent = share.clamp(1, RECENT_OF_PARTITION);
    let reader = |partition: Partition| {
        let unknown = || kafka::Error::Closed;
        let low = low_watermarks.get(&partition).copied().ok_or_else(unknown)?;
        let high = high_watermarks.get(&partition).copied().ok_or_else(unknown)?;
        let committed = committed.get(&partition).copied().unwrap_or(low);
        // What Kafka has deleted and the group has not committed has expired, and this run says so.
        let begin = committed.min(high.minus(recent).max(low));
        let mut reader = PartitionReader::new(topic.clone(), partition, begin);
        reader.advance(high);
        reader.set_finished_before(committed.min(high));
        Ok((partition, reader))
    };
    partitions.into_iter().map(reader).collect()
}

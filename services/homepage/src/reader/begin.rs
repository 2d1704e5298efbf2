//! Where a run of the reader begins.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::kafka::{self, Offsets, PartitionOffsets};
use barrage::position::{Partition, Topic};
use barrage::retry::pause;

use super::partition_reader::PartitionReader;

/// How many records of all partitions a run begins with, finished or not: a page opens with the last bullets.
const RECENT: i64 = 8000;
/// … and of one partition.
const RECENT_OF_PARTITION: i64 = 1000;

/// How long Kafka may take to delete what a group has committed of a deleted topic.
const COMMITS_DELETED: Duration = Duration::from_secs(2);

/// Waits until Kafka has deleted what the group has committed of a topic that is deleted. Until then it would say that
/// records of the new topic are finished.
pub(super) async fn commits_deleted(offsets: &Offsets, old: &PartitionOffsets) {
    let partitions: Vec<_> = old.keys().copied().collect();
    let deleted = async {
        while let Ok(committed) = offsets.committed(&partitions).await
            && committed.offsets.iter().any(|(partition, it)| old.get(partition) == Some(it))
        {
            pause(Duration::from_millis(50)).await;
        }
    };
    // The router may have finished exactly as many records of the new topic meanwhile: then the commit stays the same.
    let _gave_up = tokio::time::timeout(COMMITS_DELETED, deleted).await;
}

/// The partitions where a run begins: with all that is not finished, and with some of what is.
pub(super) async fn first_partitions(
    offsets: &Offsets,
    topic: &Topic,
) -> Result<BTreeMap<Partition, PartitionReader>, kafka::Error> {
    let partitions = offsets.partitions().await?;
    let low_watermarks = offsets.low_watermarks(&partitions).await?;
    let mut committed = offsets.committed(&partitions).await?.offsets;
    let high_watermarks = offsets.high_watermarks(&partitions).await?;
    // A commit beyond the high watermark that comes after it is one of a deleted topic.
    committed.retain(|partition, it| high_watermarks.get(partition) >= Some(it));
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
        reader.set_finished_before(committed);
        Ok((partition, reader))
    };
    partitions.into_iter().map(reader).collect()
}

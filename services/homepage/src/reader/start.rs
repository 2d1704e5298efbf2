//! Where a run of the reader begins.

use std::collections::BTreeMap;

use barrage::kafka::{self, Offsets};
use barrage::position::Partition;

use super::Reader;
use super::tracker::Tracker;

/// Where a run begins: with all that is not finished, and some of what is, so that a page opens with the
/// last bullets.
pub(super) async fn trackers(
    offsets: &Offsets,
) -> Result<BTreeMap<Partition, Tracker>, kafka::Error> {
    let partitions = offsets.partitions().await?;
    let earliest = offsets.low_watermarks(&partitions).await?;
    let latest = offsets.high_watermarks(&partitions).await?;
    let committed = offsets.committed(&partitions).await?;
    let tracker = |partition: Partition| {
        let unknown = || kafka::Error::Closed;
        let low = earliest.get(&partition).copied().ok_or_else(unknown)?;
        let end = latest.get(&partition).copied().ok_or_else(unknown)?;
        let finished = committed.get(&partition).copied().unwrap_or(low);
        let mut tracker = Tracker::new(finished.min(end.minus(Reader::RECENT)).max(low));
        tracker.grow(end);
        Ok((partition, tracker))
    };
    partitions.into_iter().map(tracker).collect()
}

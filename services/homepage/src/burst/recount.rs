//! Counts the messages of a burst again, from the topic and the table.

use barrage::kafka::{self, Offsets, PartitionOffsets, RecordCounter};
use barrage::table::{self, Verdict};
use futures::TryStreamExt as _;
use uuid::Uuid;

use super::results::Results;

/// Reads what is left of a burst.
#[derive(Clone)]
pub(crate) struct Recounter {
    pub(crate) results: Results,
    pub(crate) offsets: Offsets,
    pub(crate) counter: RecordCounter,
}

/// What Kafka and the table have of a burst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recount {
    /// Its records that Kafka still has, and those that it has deleted and the table has a row of.
    pub(crate) found: u64,
    pub(crate) stored: u64,
    pub(crate) blocked: u64,
    /// The offset after the last of its records, for each partition that has any.
    pub(crate) next_offsets: PartitionOffsets,
}

/// Why a burst cannot be counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Recounter {
    /// Counts a burst whose records are at `from` or later: at all offsets that Kafka has by now.
    pub(crate) async fn count_all(
        &self,
        id: Uuid,
        from: &PartitionOffsets,
    ) -> Result<Recount, Error> {
        let partitions: Vec<_> = from.keys().copied().collect();
        let high = self.offsets.high_watermarks(&partitions).await?;
        self.count(id, from, high).await
    }

    /// Counts a burst whose records are at `from` or later and before `high`.
    pub(crate) async fn count(
        &self,
        id: Uuid,
        from: &PartitionOffsets,
        high: PartitionOffsets,
    ) -> Result<Recount, Error> {
        let prefix = format!("{id}/").into_bytes();
        let counted = self.counter.count(from.clone(), high.clone(), prefix).await?;
        let low = counted.begins;
        let mut recount = Recount { found: counted.records, ..Recount::default() };
        recount.next_offsets = counted.next_offsets;
        // Where Kafka has deleted the last records of the burst, rows may be beyond those that were counted.
        let has_deleted = |(partition, low)| from.get(partition).is_some_and(|from| from < low);
        let to = if low.iter().any(has_deleted) { high } else { recount.next_offsets.clone() };
        let pages = self.results.pages(from, &to);
        let mut pages = std::pin::pin!(pages);
        while let Some(page) = pages.try_next().await? {
            for row in page.iter().filter(|row| row.burst == id) {
                let (partition, offset) = (row.position.partition, row.position.offset);
                recount.stored += 1;
                recount.blocked += u64::from(row.verdict == Verdict::Blocked);
                recount.found += u64::from(low.get(&partition).is_some_and(|low| offset < *low));
                let next = recount.next_offsets.entry(partition).or_default();
                *next = (*next).max(offset.next());
            }
        }
        Ok(recount)
    }
}

//! The rows of a burst, read from the table between two positions, not from memory.

use std::collections::VecDeque;
use std::time::Duration;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition, Shard, Topic};
use barrage::retry::{Backoff, Fate};
use barrage::table::{self, Consistency, Page, Range, Row, Table};
use futures::{Stream, stream};

/// How many rows one request to the table returns at most.
const PAGE: i32 = 1000;
/// How often one failed request is repeated before the stream ends with its error.
const TRIES: u32 = 6;

/// Reads the rows of a topic.
#[derive(Clone)]
pub(crate) struct Results {
    pub(crate) table: Table,
    pub(crate) topic: Topic,
}

impl Results {
    /// All rows from `from` on and before `to`, page by page: also those of other bursts.
    pub(crate) fn pages(
        &self,
        from: &PartitionOffsets,
        to: &PartitionOffsets,
    ) -> impl Stream<Item = Result<Vec<Row>, table::Error>> + use<> {
        let begin = |(partition, end): (&Partition, &Offset)| {
            (*partition, from.get(partition).copied().unwrap_or_default(), *end)
        };
        let open: VecDeque<_> = to.iter().map(begin).collect();
        let (table, topic) = (self.table.clone(), self.topic.clone());
        stream::try_unfold((table, topic, open), |(table, topic, mut open)| async move {
            let Some((partition, from, end)) = open.pop_front() else { return Ok(None) };
            let shard = Shard::of(&topic, partition, from);
            let to = end.min(shard.end());
            let range = Range { from, to, limit: PAGE, consistency: Consistency::Strong };
            let page = read(&table, &shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            let next = last.filter(|_| page.more).unwrap_or(to);
            if next < end {
                open.push_front((partition, next, end));
            }
            Ok(Some((page.rows, (table, topic, open))))
        })
    }
}

async fn read(table: &Table, shard: &Shard, range: Range) -> Result<Page, table::Error> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        match table.range(shard, range).await {
            Err(error) if error.fate() == Fate::Wait && backoff.failures() < TRIES => {
                tracing::debug!(%error, "results are read again");
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
}

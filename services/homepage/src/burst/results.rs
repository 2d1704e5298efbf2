//! The rows of a burst, read from the table between two positions, not from memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition, Shard, Topic};
use barrage::retry::{Backoff, Fate};
use barrage::table::{self, Consistency, Page, Range, Row, Table};
use futures::{Stream, stream};
use tokio::sync::Semaphore;

/// How many rows one request to the table returns at most.
const PAGE: i32 = 1000;
/// How often one failed request is repeated before the stream ends with its error.
const TRIES: u32 = 6;
/// How many requests read results at the same time, whoever wants them. The table has to answer the reader of the feed as
/// well, and its pages are small.
const AT_ONCE: usize = 2;

/// Reads the rows of a topic. Clones wait for each other's requests.
#[derive(Clone)]
pub(crate) struct Results {
    pub(super) table: Table,
    topic: Topic,
    turns: Arc<Semaphore>,
}

impl Results {
    pub(crate) fn new(table: Table, topic: Topic) -> Self {
        Self { table, topic, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

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
        stream::try_unfold((self.clone(), open), |(results, mut open)| async move {
            let Some((partition, from, end)) = open.pop_front() else { return Ok(None) };
            let shard = Shard::of(&results.topic, partition, from);
            let to = end.min(shard.end());
            let range = Range { from, to, limit: PAGE, consistency: Consistency::Strong };
            let page = results.read(&shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            let next = last.filter(|_| page.more).unwrap_or(to);
            if next < end {
                open.push_front((partition, next, end));
            }
            Ok(Some((page.rows, (results, open))))
        })
    }

    async fn read(&self, shard: &Shard, range: Range) -> Result<Page, table::Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            let turn = self.turns.acquire().await;
            let answer = self.table.range(shard, range).await;
            drop(turn);
            match answer {
                Err(error) if error.fate() == Fate::Wait && backoff.failures() < TRIES => {
                    tracing::debug!(%error, "results are read again");
                    backoff.wait().await;
                }
                answer => return answer,
            }
        }
    }
}

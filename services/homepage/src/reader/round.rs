//! What the reader asks in each round.

use std::time::Instant;

use barrage::position::{Offset, Partition, Position};
use barrage::table::{self, Consistency, Range, Row, Table};
use futures::{StreamExt as _, stream};

use super::tracker::Tracker;
use super::{Error, Reader};

impl Reader {
    /// How many rows one request asks for.
    const PAGE: i32 = 500;
    /// How many requests one round makes for a partition, so that a round stays short.
    const PAGES: usize = 4;
    /// How many partitions are read at once, so that a slow table does not hold up one behind the other.
    const PARTITIONS: usize = 8;

    /// Learns how far the topic reaches: at once from our own acknowledgements, and now and then from Kafka.
    pub(super) async fn follow_ends(&mut self) -> Result<(), Error> {
        for (partition, end) in self.parts.sender.acks.ends() {
            self.tracker(partition).grow(end);
        }
        if self.asked_kafka.elapsed() < Self::ASK_KAFKA {
            return Ok(());
        }
        if self.asked_partitions.elapsed() >= Self::ASK_PARTITIONS {
            let partitions = self.parts.offsets.partitions().await?;
            for partition in partitions {
                self.tracker(partition);
            }
            self.asked_partitions = Instant::now();
        }
        let partitions: Vec<_> = self.trackers.keys().copied().collect();
        let latest = self.parts.offsets.latest(&partitions).await?;
        self.asked_kafka = Instant::now();
        for (partition, end) in latest {
            let Some(tracker) = self.trackers.get_mut(&partition) else { continue };
            if end < tracker.frontier() {
                return Err(Error::TopicMadeAnew);
            }
            tracker.grow(end);
        }
        if !self.is_idle() {
            self.follow_commits(&partitions).await?;
        }
        Ok(())
    }

    /// A partition that was not there at the beginning is followed from its first record.
    fn tracker(&mut self, partition: Partition) -> &mut Tracker {
        self.trackers.entry(partition).or_insert_with(|| Tracker::new(Offset::default()))
    }

    async fn follow_commits(&mut self, partitions: &[Partition]) -> Result<(), Error> {
        let committed = self.parts.offsets.committed(partitions).await?;
        // A commit beyond the end is one of a topic that was deleted.
        let ours = |(partition, next): &(Partition, Offset)| {
            self.trackers.get(partition).is_some_and(|tracker| *next <= tracker.end())
        };
        self.committed = committed.into_iter().filter(ours).collect();
        Ok(())
    }

    /// Reads the rows that must come. What was read before an error is kept.
    pub(super) async fn read_rows(&mut self, rows: &mut Vec<Row>) -> Result<(), table::Error> {
        let Self { parts, trackers, committed, .. } = self;
        let read = |(partition, tracker): (&Partition, _)| {
            let (table, topic, partition) = (&parts.table, &parts.topic, *partition);
            let at = move |offset| Position { topic: topic.clone(), partition, offset };
            // Learnt before the rows are read: a row is written before its offset is committed.
            let committed = committed.get(&partition).copied().unwrap_or_default();
            async move {
                let mut rows = Vec::new();
                let read = read_partition(tracker, table, at, committed, &mut rows).await;
                (rows, read)
            }
        };
        let reads: Vec<_> = trackers.iter_mut().map(read).collect();
        let mut reads = stream::iter(reads).buffer_unordered(Self::PARTITIONS);
        let mut all_read = Ok(());
        while let Some((found, read)) = reads.next().await {
            rows.extend(found);
            all_read = all_read.and(read);
        }
        all_read
    }
}

async fn read_partition(
    tracker: &mut Tracker,
    table: &Table,
    at: impl Fn(Offset) -> Position,
    committed: Offset,
    rows: &mut Vec<Row>,
) -> Result<(), table::Error> {
    let (mut from, end) = (tracker.frontier(), tracker.end());
    for _ in 0..Reader::PAGES {
        if from >= end {
            break;
        }
        let shard = at(from).shard();
        let to = end.min(shard.end());
        let consistency = Consistency::Eventual;
        let range = Range { from, to, limit: Reader::PAGE, consistency };
        let page = table.range(&shard, range).await?;
        let last = page.rows.last().map(|row| row.position.offset.next());
        rows.extend(page.rows.into_iter().filter(|row| tracker.saw(row.position.offset)));
        from = last.filter(|_| page.more).unwrap_or(to);
    }
    tracker.committed(committed.min(from));
    close_gaps(tracker, table, at, committed, rows).await
}

/// Asks again for what is missing below the furthest row. What was committed before that and still has no
/// row was finished without one: it was filtered or dead-lettered.
async fn close_gaps(
    tracker: &mut Tracker,
    table: &Table,
    at: impl Fn(Offset) -> Position,
    committed: Offset,
    rows: &mut Vec<Row>,
) -> Result<(), table::Error> {
    let gaps = tracker.next_gaps(Table::READ_CHUNK);
    if gaps.is_empty() {
        return Ok(());
    }
    let asked: Vec<_> = gaps.into_iter().map(at).collect();
    let found = table.get(&asked).await?;
    rows.extend(found.rows.into_iter().filter(|row| tracker.saw(row.position.offset)));
    for at in found.looked_up.iter().filter(|at| at.offset < committed) {
        tracker.finished_without_row(at.offset);
    }
    Ok(())
}

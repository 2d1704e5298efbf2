//! What the reader asks in each round.

use std::time::Instant;

use barrage::position::{Offset, Partition, Position};
use barrage::table::{self, Consistency, Range, Row, Table};

use super::tracker::Tracker;
use super::{Error, Reader};

impl Reader {
    /// How many rows one request asks for.
    const PAGE: i32 = 500;
    /// How many requests one round makes for a partition, so that a round stays short.
    const PAGES: usize = 4;

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
        let partitions: Vec<_> = self.trackers.keys().copied().collect();
        for partition in partitions {
            self.read_partition(partition, rows).await?;
        }
        Ok(())
    }

    async fn read_partition(
        &mut self,
        partition: Partition,
        rows: &mut Vec<Row>,
    ) -> Result<(), table::Error> {
        let Some(tracker) = self.trackers.get_mut(&partition) else { return Ok(()) };
        let at = |offset| Position { topic: self.parts.topic.clone(), partition, offset };
        // Learnt before the rows are read: a row is written before its offset is committed.
        let committed = self.committed.get(&partition).copied().unwrap_or_default();
        let (mut from, end) = (tracker.frontier(), tracker.end());
        for _ in 0..Self::PAGES {
            if from >= end {
                break;
            }
            let shard = at(from).shard();
            let to = end.min(shard.end());
            let consistency = Consistency::Eventual;
            let range = Range { from, to, limit: Self::PAGE, consistency };
            let page = self.parts.table.range(&shard, range).await?;
            let last = page.rows.last().map(|row| row.position.offset.next());
            rows.extend(page.rows.into_iter().filter(|row| tracker.saw(row.position.offset)));
            from = last.filter(|_| page.more).unwrap_or(to);
        }
        tracker.committed(committed.min(from));
        close_gaps(tracker, &self.parts.table, at, committed, rows).await
    }
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

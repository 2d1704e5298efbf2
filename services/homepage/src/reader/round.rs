//! What the reader asks in each round.

use std::convert::Infallible;
use std::time::Instant;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use barrage::retry::pause;
use barrage::table::Row;
use futures::{StreamExt as _, stream};

use super::passage::Passage;
use super::tracker::Tracker;
use super::{Error, Parts, Reader};
use crate::metrics;

impl Reader {
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
            if self.trackers.keys().any(|known| !partitions.contains(known)) {
                return Err(Error::TopicMadeAnew);
            }
            for partition in partitions {
                self.tracker(partition);
            }
            self.asked_partitions = Instant::now();
        }
        let partitions: Vec<_> = self.trackers.keys().copied().collect();
        let latest = self.parts.offsets.high_watermarks(&partitions).await?;
        self.asked_kafka = Instant::now();
        for (partition, end) in latest {
            let Some(tracker) = self.trackers.get_mut(&partition) else { continue };
            if end < tracker.end() {
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
        for partition in went_back(&self.committed, &committed) {
            let Some(doubt) = self.doubts.get(&partition) else { continue };
            if doubt.is_another(partition, &self.parts.ids).await? {
                return Err(Error::TopicMadeAnew);
            }
        }
        // A commit beyond the end is one of a topic that was deleted.
        let ours = |(partition, next): &(Partition, Offset)| {
            self.trackers.get(partition).is_some_and(|tracker| *next <= tracker.end())
        };
        self.committed = committed.into_iter().filter(ours).collect();
        Ok(())
    }

    /// Reads the rows that must come. What was read before an error is kept. While the table takes its time,
    /// the wall learns all the same how far the topic reaches.
    pub(super) async fn read_rows(&mut self, rows: &mut Vec<Row>) -> Result<(), Error> {
        let partitions: Vec<_> = self.trackers.keys().copied().collect();
        let Self { parts, trackers, doubts, committed, history, .. } = self;
        let parts = &*parts;
        for partition in trackers.keys() {
            doubts.entry(*partition).or_default();
        }
        let passages = trackers.iter_mut().zip(doubts.values_mut());
        let reads = passages.map(|((partition, tracker), doubt)| {
            let committed = committed.get(partition).copied().unwrap_or_default();
            Passage { parts, partition: *partition, tracker, doubt, committed }.read()
        });
        let reads: Vec<_> = reads.collect();
        let all = async {
            let mut reads = stream::iter(reads).buffer_unordered(Self::PARTITIONS);
            let mut all_read = Ok(());
            while let Some((found, read)) = reads.next().await {
                rows.extend(found);
                all_read = all_read.and(read);
            }
            all_read
        };
        // Until all was read once there are no counts that could grow.
        let all_read = tokio::select! {
            all_read = all => all_read,
            never = grow_wall(parts, &partitions), if !*history => match never {},
        };
        for (partition, end) in self.parts.wall.ends() {
            self.tracker(partition).grow(end);
        }
        all_read
    }
}

/// Tells the wall how far the topic reaches. What Kafka does not answer, the next round finds out.
async fn grow_wall(parts: &Parts, partitions: &[Partition]) -> Infallible {
    loop {
        pause(Reader::ASK_KAFKA).await;
        if let Ok(ends) = parts.offsets.high_watermarks(partitions).await {
            metrics::set_waiting(parts.wall.grow(&ends).waiting);
        }
    }
}

/// The partitions whose commit is gone or lower than before. A topic takes the commits with it; but a
/// late retry of the router can set one back as well.
fn went_back<'a>(
    before: &'a PartitionOffsets,
    now: &'a PartitionOffsets,
) -> impl Iterator<Item = Partition> + 'a {
    let is_back = |(partition, next): &(&Partition, &Offset)| {
        now.get(partition).is_none_or(|now| now < *next)
    };
    before.iter().filter(is_back).map(|(partition, _)| *partition)
}

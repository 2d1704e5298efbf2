//! Keeps the topics within their share of the disk: deletes the oldest records that the router's group has finished.
//!
//! What the group has not committed stays, whatever it takes: it was acknowledged, and nobody has processed it. So do
//! topics that the group does not read, as that of the dead letters.

use std::time::Instant;

use anyhow::Context as _;
use nisshi_sans_io::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use nisshi_storage::{ArcDynStorage, Storage as _, Topition};
use startup::keep::{ROUND, Settled, Share};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::file::File;

/// How many records are deleted at once. Meanwhile no client gets an answer.
const RECORDS: u64 = 250;

/// Which records may stay, and how many.
pub(crate) struct Limits {
    pub(crate) share: Share,
    /// The group whose committed records may go.
    pub(crate) group: String,
}

pub(crate) struct Retention {
    storage: ArcDynStorage,
    file: File,
    limits: Limits,
    committed: Settled<Topition>,
    /// Whether the log says already that the share does not suffice.
    is_short: bool,
}

/// The finished records of a partition, from the first one that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finished<P> {
    partition: P,
    begin: i64,
    end: i64,
}

impl Retention {
    pub(crate) fn new(storage: ArcDynStorage, file: File, limits: Limits) -> Self {
        Self { storage, file, limits, committed: Settled::default(), is_short: false }
    }

    /// Looks at the file again and again.
    pub(crate) async fn run(mut self) {
        let mut due = interval(ROUND);
        due.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            due.tick().await;
            if let Err(error) = self.round().await {
                tracing::warn!("the topics were not kept within their share: {error:#}");
            }
        }
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        let Limits { share, group } = &self.limits;
        let committed = self.storage.committed_offset_topitions(group).await?;
        self.committed.note(Instant::now(), committed);
        if share.is_nearly_used(self.file.pages().await?) {
            let suffices = self.delete().await.context("old records not deleted")?;
            if !suffices && !self.is_short {
                tracing::warn!(
                    "the topics take more than their share of --keep: what is left is not processed yet, or too new"
                );
            }
            self.is_short = !suffices;
        }
        self.file.shrink(self.limits.share).await.context("the file does not shrink")
    }

    /// Deletes the oldest finished records until there is room. Returns whether there is.
    async fn delete(&self) -> anyhow::Result<bool> {
        let mut finished = self.finished().await?;
        loop {
            if self.limits.share.has_room(self.file.pages().await?) {
                return Ok(true);
            }
            let began = Instant::now();
            let old = take_oldest(&mut finished, RECORDS);
            if old.is_empty() {
                return Ok(false);
            }
            let request: Vec<_> = old.into_iter().map(|(at, end)| below(at, end)).collect();
            self.storage.delete_records(&request).await?;
            // Half of the time is for the clients.
            sleep_until((Instant::now() + began.elapsed()).into()).await;
        }
    }

    async fn finished(&self) -> anyhow::Result<Vec<Finished<Topition>>> {
        let mut finished = Vec::new();
        for (partition, end) in self.committed.numbers(Instant::now()) {
            let begin = self.storage.offset_stage(&partition).await?.log_start();
            finished.push(Finished { partition, begin, end });
        }
        Ok(finished)
    }
}

/// Deletes the records of a partition below this offset.
fn below(at: Topition, offset: i64) -> DeleteRecordsTopic {
    let partition = DeleteRecordsPartition::default().partition_index(at.partition).offset(offset);
    DeleteRecordsTopic::default().name(at.topic).partitions(Some(vec![partition]))
}

/// Takes about so many of the oldest records, of each partition the same part of what it has: senders are spread over
/// the partitions, so their oldest records are about equally old. Returns where each partition that lost any begins.
fn take_oldest<P: Clone>(finished: &mut [Finished<P>], records: u64) -> Vec<(P, i64)> {
    let count =
        |it: &Finished<P>| u128::from(it.end.saturating_sub(it.begin).max(0).cast_unsigned());
    let all: u128 = finished.iter().map(count).sum();
    let part = |count: u128| (count * u128::from(records)).div_ceil(all.max(1)).min(count);
    let mut taken = Vec::new();
    for it in finished {
        let number = i64::try_from(part(count(it))).unwrap_or(i64::MAX);
        if number > 0 {
            it.begin += number;
            taken.push((it.partition.clone(), it.begin));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(finished: &[Finished<usize>]) -> u64 {
        finished.iter().map(|it| (it.end - it.begin).max(0).cast_unsigned()).sum()
    }

    #[test]
    fn a_partition_with_twice_as_many_records_loses_twice_as_many() {
        let partition = |partition, begin, end| Finished { partition, begin, end };
        let mut finished = [partition("a", 100, 400), partition("b", 0, 600), partition("c", 7, 7)];
        assert_eq!(take_oldest(&mut finished, 90), [("a", 130), ("b", 60)]);
        assert_eq!(finished[1], partition("b", 60, 600));
        assert_eq!(take_oldest(&mut finished, 10_000), [("a", 400), ("b", 600)]);
        assert!(take_oldest(&mut finished, 10_000).is_empty());
    }

    proptest! {
        #[test]
        fn only_finished_records_go_and_about_as_many_as_were_asked_for(
            partitions in prop::collection::vec((0..1_i64 << 40, -10..1_i64 << 40), 0..20),
            records in 1..1_000_u64
        ) {
            let partitions = partitions.into_iter().enumerate();
            let before: Vec<_> = partitions
                .map(|(partition, (begin, length))| Finished { partition, begin, end: begin + length })
                .collect();
            let mut after = before.clone();
            let taken = take_oldest(&mut after, records);
            for (partition, offset) in &taken {
                let Finished { begin, end, .. } = before[*partition];
                prop_assert!(begin < *offset && *offset <= end, "{offset} of {begin} to {end}");
                prop_assert_eq!(after[*partition].begin, *offset);
            }
            let gone = count(&before) - count(&after);
            prop_assert!(gone >= records.min(count(&before)), "too few: {gone}");
            prop_assert!(gone <= records + before.len() as u64, "too many: {gone}");
        }
    }
}

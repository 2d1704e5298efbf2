//! The records that the router's group has finished: the oldest of them may go.
//!
//! What the group has not committed stays, whatever it takes: it was acknowledged, and nobody has processed it. So do
//! topics that the group does not read, as that of the dead letters.

use std::{collections::BTreeMap, ops::Range};

use anyhow::bail;
use nisshi_sans_io::{
    ErrorCode,
    delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
    delete_records_response::DeleteRecordsTopicResult,
};
use nisshi_storage::{ArcDynStorage, Storage as _, Topition};
use startup::{file::File, retention::Data};

use crate::file::Libsql;

pub(crate) struct FinishedRecords {
    pub(crate) storage: ArcDynStorage,
    pub(crate) file: File<Libsql>,
    /// The group of the router.
    pub(crate) group: String,
}

/// The finished records of a partition, from the first one that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finished<P> {
    partition: P,
    begin: i64,
    end: i64,
}

impl Data for FinishedRecords {
    type Sqlite = Libsql;
    type Error = anyhow::Error;
    /// A partition.
    type Range = Topition;

    const NAME: &'static str = "the topics";
    const LEFT: &'static str = "not processed yet, or too new";

    fn file(&self) -> &File<Libsql> {
        &self.file
    }

    fn ends(&self) -> anyhow::Result<BTreeMap<Topition, i64>> {
        let committed = self.storage.committed_offset_topitions(&self.group);
        Ok(self.file.sqlite().wait(committed)?)
    }

    fn delete(&self, before: BTreeMap<Topition, i64>, count: u64) -> anyhow::Result<u64> {
        self.file.sqlite().wait(async {
            let mut finished = self.finished(before).await;
            let oldest = take_oldest(&mut finished, count);
            if oldest.is_empty() {
                return Ok(0);
            }
            let deleted = oldest.iter().map(|(_, range)| range.end.abs_diff(range.start)).sum();
            let request: Vec<_> =
                oldest.into_iter().map(|(at, range)| below(at, range.end)).collect();
            check(&self.storage.delete_records(&request).await?)?;
            Ok(deleted)
        })
    }
}

impl FinishedRecords {
    async fn finished(&self, ends: BTreeMap<Topition, i64>) -> Vec<Finished<Topition>> {
        let mut finished = Vec::new();
        for (partition, end) in ends {
            let Ok(stage) = self.storage.offset_stage(&partition).await else {
                tracing::debug!(?partition, "is committed, and cannot be found");
                continue;
            };
            // A commit beyond the high watermark is one of a deleted topic.
            if end <= stage.high_watermark() {
                finished.push(Finished { partition, begin: stage.log_start(), end });
            }
        }
        finished
    }
}

/// Deletes the records of a partition below this offset.
fn below(at: Topition, offset: i64) -> DeleteRecordsTopic {
    let partition = DeleteRecordsPartition::default().partition_index(at.partition).offset(offset);
    DeleteRecordsTopic::default().name(at.topic).partitions(Some(vec![partition]))
}

/// Fails with the first partition whose records were not deleted. One that is gone has none.
fn check(deleted: &[DeleteRecordsTopicResult]) -> anyhow::Result<()> {
    let gone = i16::from(ErrorCode::UnknownTopicOrPartition);
    for topic in deleted {
        for partition in topic.partitions.iter().flatten() {
            let (name, index) = (&topic.name, partition.partition_index);
            match partition.error_code {
                0 => {}
                code if code == gone => {}
                code => match ErrorCode::try_from(code) {
                    Ok(error) => bail!("{name}, partition {index}: {error}"),
                    Err(_) => bail!("{name}, partition {index}: error {code}"),
                },
            }
        }
    }
    Ok(())
}

/// Takes about so many of the oldest records, of each partition the same part of what it has: senders are spread over
/// the partitions, so their oldest records are about equally old. Returns the offsets of each partition that loses any.
fn take_oldest<P: Clone>(finished: &mut [Finished<P>], records: u64) -> Vec<(P, Range<i64>)> {
    let count =
        |it: &Finished<P>| u128::from(it.end.saturating_sub(it.begin).max(0).cast_unsigned());
    let all: u128 = finished.iter().map(count).sum();
    let part = |count: u128| (count * u128::from(records)).div_ceil(all.max(1)).min(count);
    let mut taken = Vec::new();
    for it in finished {
        let number = i64::try_from(part(count(it))).unwrap_or(i64::MAX);
        if number > 0 {
            let begin = it.begin;
            it.begin += number;
            taken.push((it.partition.clone(), begin..it.begin));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use nisshi_sans_io::delete_records_response::DeleteRecordsPartitionResult;
    use proptest::prelude::*;

    use super::*;

    fn count(finished: &[Finished<usize>]) -> u64 {
        finished.iter().map(|it| (it.end - it.begin).max(0).cast_unsigned()).sum()
    }

    #[test]
    fn a_partition_with_twice_as_many_records_loses_twice_as_many() {
        let partition = |partition, begin, end| Finished { partition, begin, end };
        let mut finished = [partition("a", 100, 400), partition("b", 0, 600), partition("c", 7, 7)];
        assert_eq!(take_oldest(&mut finished, 90), [("a", 100..130), ("b", 0..60)]);
        assert_eq!(finished[1], partition("b", 60, 600));
        assert_eq!(take_oldest(&mut finished, 10_000), [("a", 130..400), ("b", 60..600)]);
        assert!(take_oldest(&mut finished, 10_000).is_empty());
    }

    #[test]
    fn records_that_are_not_deleted_are_an_error_unless_their_partition_is_gone() {
        let answer = |code: ErrorCode| {
            let partition = |index, code: ErrorCode| {
                DeleteRecordsPartitionResult::default()
                    .partition_index(index)
                    .error_code(code.into())
            };
            let partitions = vec![partition(0, ErrorCode::None), partition(1, code)];
            [DeleteRecordsTopicResult::default().name("news".into()).partitions(Some(partitions))]
        };
        assert!(check(&answer(ErrorCode::None)).is_ok());
        assert!(check(&answer(ErrorCode::UnknownTopicOrPartition)).is_ok());
        let error = check(&answer(ErrorCode::OffsetOutOfRange)).unwrap_err().to_string();
        assert!(error.starts_with("news, partition 1: The requested offset"), "{error}");
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
            for (partition, gone) in &taken {
                let Finished { begin, end, .. } = before[*partition];
                prop_assert!(begin == gone.start && gone.start < gone.end && gone.end <= end);
                prop_assert_eq!(after[*partition].begin, gone.end);
            }
            let gone = count(&before) - count(&after);
            prop_assert!(gone >= records.min(count(&before)), "too few: {gone}");
            prop_assert!(gone <= records + before.len() as u64, "too many: {gone}");
        }
    }
}

//! The metadata of committed offsets, which clients store beside them. nisshi stores it, too, but leaves it out of its
//! answers. It is kept in memory, so a restart of the broker forgets it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use nisshi_sans_io::{OffsetCommitRequest, OffsetCommitResponse, OffsetFetchResponse};

/// Group, topic and partition.
type Place = (String, String, i32);

/// As Kafka's `offset.metadata.max.bytes`. It bounds what a client can make us remember.
const MAX_BYTES: usize = 4096;

/// Of all committed offsets that have any. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OffsetMetadata(Arc<Mutex<BTreeMap<Place, String>>>);

/// What a commit says of each offset, until it is known whether it succeeded.
pub(crate) struct Commit(BTreeMap<Place, Option<String>>);

impl Commit {
    pub(crate) fn of(request: &OffsetCommitRequest) -> Self {
        let mut metadata = BTreeMap::new();
        for topic in request.topics.as_deref().unwrap_or_default() {
            for partition in topic.partitions.as_deref().unwrap_or_default() {
                let text = partition.committed_metadata.clone();
                let text = text.filter(|text| (1..=MAX_BYTES).contains(&text.len()));
                let group = request.group_id.clone();
                metadata.insert((group, topic.name.clone(), partition.partition_index), text);
            }
        }
        Self(metadata)
    }
}

impl OffsetMetadata {
    /// Remembers what a commit said of the offsets that were stored.
    pub(crate) fn remember(&self, commit: &Commit, answer: &OffsetCommitResponse) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stored = |(_, name, index): &Place| {
            let topics = answer.topics.as_deref().unwrap_or_default();
            let partitions = topics.iter().filter(|topic| topic.name == *name);
            let mut partitions =
                partitions.flat_map(|it| it.partitions.as_deref().unwrap_or_default());
            partitions.any(|it| it.partition_index == *index && it.error_code == 0)
        };
        for (place, text) in commit.0.iter().filter(|(place, _)| is_stored(place)) {
            match text {
                Some(text) => drop(known.insert(place.clone(), text.clone())),
                None => drop(known.remove(place)),
            }
        }
    }

    /// Adds to an answer what nisshi has left out. Only answers from version 8 on name their groups.
    pub(crate) fn add_to(&self, answer: &mut OffsetFetchResponse) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for group in answer.groups.as_deref_mut().unwrap_or_default() {
            for topic in group.topics.as_deref_mut().unwrap_or_default() {
                for partition in topic.partitions.as_deref_mut().unwrap_or_default() {
                    let index = partition.partition_index;
                    let text = known.get(&(group.group_id.clone(), topic.name.clone(), index));
                    partition.metadata = Some(text.cloned().unwrap_or_default());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nisshi_sans_io::{
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
        },
    };

    use super::*;

    fn commit(metadata: Option<&str>) -> Commit {
        let partition = OffsetCommitRequestPartition::default()
            .partition_index(3)
            .committed_metadata(metadata.map(str::to_owned));
        let topic =
            OffsetCommitRequestTopic::default().name("t".into()).partitions(Some(vec![partition]));
        let request = OffsetCommitRequest::default().group_id("g".into());
        Commit::of(&request.topics(Some(vec![topic])))
    }

    fn answer(error_code: i16) -> OffsetCommitResponse {
        let partition =
            OffsetCommitResponsePartition::default().partition_index(3).error_code(error_code);
        let topic =
            OffsetCommitResponseTopic::default().name("t".into()).partitions(Some(vec![partition]));
        OffsetCommitResponse::default().topics(Some(vec![topic]))
    }

    /// What a client reads of the offset.
    fn fetched(known: &OffsetMetadata) -> String {
        let partition = OffsetFetchResponsePartitions::default().partition_index(3);
        let topic =
            OffsetFetchResponseTopics::default().name("t".into()).partitions(Some(vec![partition]));
        let group =
            OffsetFetchResponseGroup::default().group_id("g".into()).topics(Some(vec![topic]));
        let mut answer = OffsetFetchResponse::default().groups(Some(vec![group]));
        known.add_to(&mut answer);
        let partitions = answer.groups.unwrap().remove(0).topics.unwrap().remove(0).partitions;
        partitions.unwrap().remove(0).metadata.unwrap()
    }

    #[test]
    fn the_metadata_of_the_last_commit_that_succeeded_is_read_again() {
        let known = OffsetMetadata::default();
        assert_eq!(fetched(&known), "");
        known.remember(&commit(Some("word")), &answer(0));
        assert_eq!(fetched(&known), "word");
        known.remember(&commit(Some("refused")), &answer(22));
        assert_eq!(fetched(&known), "word");
        known.remember(&commit(None), &answer(0));
        assert_eq!(fetched(&known), "");
    }
}

//! Corrects four answers of nisshi, so that stock clients of Kafka understand them.

use nisshi_broker::Error;
use nisshi_sans_io::{
    ApiKey as _, ApiVersionsResponse, Body, ConsumerGroupDescribeRequest, DescribeGroupsResponse,
    Frame, FrameInput,
    describe_groups_response::{DescribedGroup, DescribedGroupMember},
};
use nisshi_storage::{ArcDynStorage, GroupDetail, GroupDetailResponse, GroupState, Storage as _};
use rama::{Layer, Service};

use crate::offset_metadata::{Commit, OffsetMetadata};

/// Lies around nisshi's routes.
pub(crate) struct AnswersLayer {
    pub(crate) storage: ArcDynStorage,
}

/// Passes each request on, and corrects its answer.
#[derive(Clone)]
pub(crate) struct Answers<S> {
    inner: S,
    storage: ArcDynStorage,
    offset_metadata: OffsetMetadata,
}

impl<S> Layer<S> for AnswersLayer {
    type Service = Answers<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let (storage, offset_metadata) = (self.storage.clone(), OffsetMetadata::default());
        Answers { inner, storage, offset_metadata }
    }
}

impl<S> Service<FrameInput> for Answers<S>
where
    S: Service<FrameInput, Output = Frame, Error = Error>,
{
    type Output = Frame;
    type Error = Error;

    async fn serve(&self, request: FrameInput) -> Result<Frame, Error> {
        let commit = if let Body::OffsetCommitRequest(request) = &request.frame.body {
            Some(Commit::of(request))
        } else {
            None
        };
        let mut answer = self.inner.serve(request).await?;
        if let (Some(commit), Body::OffsetCommitResponse(stored)) = (&commit, &answer.body) {
            self.offset_metadata.remember(commit, stored);
        }
        if let Body::OffsetFetchResponse(offsets) = &mut answer.body {
            self.offset_metadata.add_to(offsets);
        }
        if let Body::ApiVersionsResponse(versions) = &mut answer.body {
            correct_versions(versions);
        }
        if let Body::DescribeGroupsResponse(groups) = &mut answer.body {
            self.add_members(groups).await?;
        }
        Ok(answer)
    }
}

impl<S> Answers<S> {
    /// nisshi names the members of a group, but not what they consume.
    async fn add_members(&self, answer: &mut DescribeGroupsResponse) -> Result<(), Error> {
        let groups = answer.groups.as_deref_mut().unwrap_or_default();
        let names: Vec<_> = groups.iter().map(|group| group.group_id.clone()).collect();
        for stored in self.storage.describe_groups(Some(&names), false).await? {
            let group = groups.iter_mut().find(|group| group.group_id == stored.name);
            if let (Some(group), GroupDetailResponse::Found(detail)) = (group, stored.response) {
                describe_members(group, &detail);
            }
        }
        Ok(())
    }
}

fn correct_versions(versions: &mut ApiVersionsResponse) {
    // Optional fields that say nothing. Kafka leaves them out, and librdkafka before 2.2 cannot skip such a field:
    // it reads on one byte too early (Debian 12's kcat: "ApiVersionRequest failed: Read underflow").
    versions.supported_features = None;
    versions.finalized_features_epoch = None;
    versions.finalized_features = None;
    versions.zk_migration_ready = None;
    // Describes the groups of KIP-848, which nisshi does not have. It calls every other group one without members, and
    // Java's tools believe it. Without this API they use DescribeGroups.
    if let Some(apis) = &mut versions.api_keys {
        apis.retain(|api| api.api_key != ConsumerGroupDescribeRequest::KEY);
    }
}

fn describe_members(group: &mut DescribedGroup, stored: &GroupDetail) {
    for member in group.members.as_deref_mut().unwrap_or_default() {
        client_id(&member.member_id).clone_into(&mut member.client_id);
        // As Kafka writes an address. Nobody else can reach the loopback device.
        "/127.0.0.1".clone_into(&mut member.client_host);
    }
    // Before each member knows its partitions, Kafka too leaves the rest empty.
    let GroupState::Formed { protocol_name, assignments, .. } = &stored.state else { return };
    group.protocol_data.clone_from(protocol_name);
    for member in group.members.as_deref_mut().unwrap_or_default() {
        let DescribedGroupMember { member_id, group_instance_id, .. } = member;
        if let Some(joined) = stored.members.get(member_id) {
            group_instance_id.clone_from(&joined.join_response.group_instance_id);
            member.member_metadata = joined.join_response.metadata.clone();
        }
        member.member_assignment = assignments.get(&member.member_id).cloned().unwrap_or_default();
    }
}

/// The client's id, or its instance id if it has one: nisshi keeps neither, but begins the member id `{id}-{UUID}` with it.
fn client_id(member_id: &str) -> &str {
    const UUID_WITH_HYPHEN: usize = 37;
    let end = member_id.len().checked_sub(UUID_WITH_HYPHEN);
    end.and_then(|end| member_id.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nisshi_sans_io::{
        ApiVersionsRequest, Header, api_versions_response::ApiVersion,
        join_group_response::JoinGroupResponseMember,
    };
    use nisshi_storage::GroupMember;

    use super::*;

    const MEMBER: &str = "event-router-consumer-a8098c1a-f86e-11da-bd1a-00112444be1e";

    /// What nisshi's `ApiVersionsService` answers, with the APIs of these keys.
    fn versions<const N: usize>(keys: [i16; N]) -> ApiVersionsResponse {
        ApiVersionsResponse::default()
            .error_code(0)
            .api_keys(Some(keys.map(|key| ApiVersion::default().api_key(key)).into()))
            .throttle_time_ms(Some(0))
            .supported_features(Some([].into()))
            .finalized_features_epoch(Some(-1))
            .finalized_features(Some([].into()))
            .zk_migration_ready(Some(false))
    }

    #[test]
    fn the_versions_have_no_tagged_fields_which_old_librdkafka_cannot_skip() {
        let mut answer = versions([]);
        correct_versions(&mut answer);
        let header = Header::Response { correlation_id: 7 };
        let bytes = Frame::response(header, answer.into(), ApiVersionsRequest::KEY, 3).unwrap();
        let expected: &[u8] = &[
            0, 0, 0, 12, // size
            0, 0, 0, 7, // correlation id
            0, 0, // no error
            1, // no API, as a compact array
            0, 0, 0, 0, // throttle time
            0, // no tagged field
        ];
        assert_eq!(&bytes[..], expected);
    }

    #[test]
    fn clients_are_not_told_of_an_api_that_hides_the_members_of_groups() {
        let mut answer = versions([18, 69, 15]);
        correct_versions(&mut answer);
        let keys = answer.api_keys.unwrap().iter().map(|api| api.api_key).collect::<Vec<_>>();
        assert_eq!(keys, [18, 15]);
    }

    fn group() -> DescribedGroup {
        DescribedGroup::default()
            .members(Some(vec![DescribedGroupMember::default().member_id(MEMBER.into())]))
    }

    fn stored(state: GroupState) -> GroupDetail {
        let join_response =
            JoinGroupResponseMember::default().metadata("topics".into()).group_instance_id(None);
        let member = GroupMember { join_response, last_contact: None };
        let members = BTreeMap::from([(MEMBER.to_owned(), member)]);
        GroupDetail { members, state, ..GroupDetail::default() }
    }

    #[test]
    fn a_member_of_a_formed_group_has_its_client_and_its_partitions() {
        let mut group = group();
        let formed = GroupState::Formed {
            protocol_type: "consumer".into(),
            protocol_name: "range".into(),
            leader: MEMBER.into(),
            assignments: BTreeMap::from([(MEMBER.to_owned(), "partitions".into())]),
        };
        describe_members(&mut group, &stored(formed));
        let expected = DescribedGroupMember::default()
            .member_id(MEMBER.into())
            .client_id("event-router-consumer".into())
            .client_host("/127.0.0.1".into())
            .member_metadata("topics".into())
            .member_assignment("partitions".into());
        assert_eq!((group.protocol_data.as_str(), group.members), ("range", Some(vec![expected])));
    }

    #[test]
    fn a_member_of_a_forming_group_has_its_client_alone() {
        let mut group = group();
        describe_members(&mut group, &stored(GroupState::default()));
        let [member] = &group.members.unwrap()[..] else { panic!("one member") };
        assert_eq!(member.client_id, "event-router-consumer");
        assert!(member.member_metadata.is_empty() && member.member_assignment.is_empty());
    }

    #[test]
    fn a_client_without_an_id_has_none() {
        assert_eq!(client_id("a8098c1a-f86e-11da-bd1a-00112444be1e"), "");
        assert_eq!(client_id(""), "");
    }
}

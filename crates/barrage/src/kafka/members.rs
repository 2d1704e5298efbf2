//! Who is in the consumer group of the routers.

use std::collections::BTreeSet;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::groups::GroupInfo;

use super::config::REQUEST_TIMEOUT;
use super::denial::Access;
use super::{Error, Group, Offsets};

/// What Kafka says of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Nobody has joined it or committed for it, or Kafka does not tell us.
    Unknown,
    /// The ids of its members. There may be none.
    Known(BTreeSet<String>),
}

/// Requests the members of the configured group, and never joins it. A member that was killed is one until its session
/// ends.
#[derive(Clone)]
pub struct GroupMembers {
    consumer: Arc<BaseConsumer>,
    access: Access,
}

impl GroupMembers {
    /// Shares the connections of `offsets`.
    pub fn new(offsets: &Offsets) -> Self {
        Self { consumer: offsets.consumer.clone(), access: offsets.access.clone() }
    }

    pub fn group(&self) -> &Group {
        &self.access.group
    }

    /// # Errors
    /// When not all brokers of Kafka answer: each knows only the groups that it coordinates.
    pub async fn list(&self) -> Result<Members, Error> {
        let (consumer, access) = (self.consumer.clone(), self.access.clone());
        // librdkafka blocks until the answer.
        let request = move || {
            let name = access.group.as_str();
            let groups = consumer.fetch_group_list(Some(name), REQUEST_TIMEOUT);
            let groups = groups.map_err(|error| Error::of(error, &access))?;
            let found = groups.groups().iter().find(|group| group.name() == name);
            Ok(found.map_or(Members::Unknown, members))
        };
        tokio::task::spawn_blocking(request).await.map_err(|_| Error::Closed)?
    }
}

/// Only "Empty" means that nobody is in a group. Kafka also lists no member of a group that it does not describe to us:
/// it was deleted, it is denied, or it follows the newer protocol of groups.
fn members(group: &GroupInfo) -> Members {
    let ids: BTreeSet<_> = group.members().iter().map(|member| member.id().to_owned()).collect();
    if ids.is_empty() && group.state() != "Empty" { Members::Unknown } else { Members::Known(ids) }
}

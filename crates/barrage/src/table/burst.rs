//! The row of a burst, and the requests that write and read it.
//!
//! Several homepages may write the same row. None of them holds a lock: a write that depends on what the row
//! holds has a condition, and the table refuses it when the condition does not hold.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use uuid::Uuid;

use super::item_builder::{Item, ItemBuilder, ItemReader};
use super::{Error, Table};
use crate::kafka::PartitionOffsets;
use crate::time::Millis;

/// The state of a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its senders still send messages.
    Running,
    /// Its senders have ended, but some records are not finished.
    Draining,
    /// All accepted messages are finished.
    Done,
    /// A person stopped it, its homepage died, or its topic was deleted. Accepted messages are finished all the
    /// same, except those that were deleted with the topic.
    Stopped,
    /// Kafka accepted none of its messages.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Running, Self::Draining, Self::Done, Self::Stopped, Self::Failed];

    /// The value in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Whether the burst does not change any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Running | Self::Draining => false,
            Self::Done | Self::Stopped | Self::Failed => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// Why a burst ended before all was sent and finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Somebody stopped it.
    Requested,
    /// Its homepage died or was stopped.
    LostHomepage,
    /// Its topic was deleted and created again.
    TopicRecreated,
}

impl StopReason {
    const ALL: [Self; 3] = [Self::Requested, Self::LostHomepage, Self::TopicRecreated];

    /// The value in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::LostHomepage => "lost_homepage",
            Self::TopicRecreated => "topic_recreated",
        }
    }

    /// A value that another version has written says nothing.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A burst as its homepage last wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurstRow {
    pub id: Uuid,
    pub message: String,
    /// The number of its senders, 1 to 100.
    pub concurrency: u32,
    /// How long each sender sends, in seconds.
    pub duration: u32,
    /// Messages per second of each sender.
    pub rate: u32,
    pub state: State,
    /// Of a burst that has stopped.
    pub stop_reason: Option<StopReason>,
    /// The number of messages that Kafka acknowledged.
    pub accepted: u64,
    /// The number of messages that Kafka did not acknowledge.
    pub failed: u64,
    /// The number of its rows in the table.
    pub stored: u64,
    /// How many of the stored rows moderation blocked.
    pub blocked: u64,
    /// How many of its accepted messages Kafka deleted before they were processed.
    pub expired: u64,
    /// All its records are at these offsets or later.
    pub from: PartitionOffsets,
    /// All its records that are known are before these offsets.
    pub to: PartitionOffsets,
    /// The SHA-256 of the token that stops it, and of the device that has begun it, in hexadecimal digits. A row of an
    /// older version has neither.
    pub stop_token: Option<String>,
    pub device: Option<String>,
    /// The instance of the homepage that runs it.
    pub homepage: String,
    pub started_at: Millis,
    /// When its homepage last wrote this row. It does so once a second, as a heartbeat.
    pub heartbeat: Millis,
    /// From then on the table may delete it.
    pub expires_at: Millis,
}

impl BurstRow {
    pub(super) fn shard(id: Uuid) -> String {
        format!("burst#{id}")
    }

    pub(super) fn to_item(&self) -> Item {
        ItemBuilder::keyed(Self::shard(self.id), 0)
            .s("message", &self.message)
            .n("concurrency", self.concurrency)
            .n("duration", self.duration)
            .n("rate", self.rate)
            .s("state", self.state.as_str())
            .optional_s("stop_reason", self.stop_reason.map(StopReason::as_str))
            .n("accepted", self.accepted)
            .n("failed", self.failed)
            .n("stored", self.stored)
            .n("blocked", self.blocked)
            .n("expired", self.expired)
            .offsets("from", &self.from)
            .offsets("to", &self.to)
            .optional_s("stop_token", self.stop_token.as_deref())
            .optional_s("device", self.device.as_deref())
            .s("homepage", &self.homepage)
            .n("started_at", self.started_at.0)
            .n("heartbeat", self.heartbeat.0)
            .n("expires_at", self.expires_at.as_seconds())
            .item()
    }

    pub(super) fn from_item(id: Uuid, item: &Item) -> Result<Self, Error> {
        let read = ItemReader(item);
        Ok(Self {
            id,
            message: read.s("message")?,
            concurrency: read.n("concurrency")?,
            duration: read.n("duration")?,
            rate: read.n("rate")?,
            state: read.parsed("state")?,
            stop_reason: read.optional_s("stop_reason").and_then(|it| StopReason::parse(&it)),
            accepted: read.n("accepted")?,
            failed: read.n("failed")?,
            stored: read.n("stored")?,
            blocked: read.n("blocked")?,
            expired: read.optional_n("expired").unwrap_or_default(),
            from: read.offsets("from")?,
            to: read.offsets("to")?,
            stop_token: read.optional_s("stop_token"),
            device: read.optional_s("device"),
            homepage: read.s("homepage")?,
            started_at: Millis(read.n("started_at")?),
            heartbeat: Millis(read.n("heartbeat")?),
            expires_at: Millis(read.n::<i64>("expires_at")?.saturating_mul(1000)),
        })
    }
}

/// The attribute that requests the stop of a burst. Its homepage finds it when it next writes the row.
const STOP: &str = "stop";

impl Table {
    /// Writes the row of a burst without a condition.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_burst(&self, burst: &BurstRow) -> Result<(), Error> {
        let answer = self.put(burst).send().await;
        answer.map(drop).map_err(|error| Error::of(error, &self.name))
    }

    /// Writes the row of a burst, unless its stop was requested. Returns whether it was written.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_burst_unless_stop_requested(&self, burst: &BurstRow) -> Result<bool, Error> {
        let request = self.put(burst).condition_expression("attribute_not_exists(#stop)");
        self.condition_held(request.expression_attribute_names("#stop", STOP).send().await)
    }

    /// Writes the row of a burst, unless its heartbeat is no longer `seen`, which means that another process
    /// has written it. Returns whether this call has written it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn replace_burst(&self, burst: &BurstRow, seen: Millis) -> Result<bool, Error> {
        let request = self.put(burst).condition_expression("heartbeat = :seen");
        let seen = AttributeValue::N(seen.0.to_string());
        self.condition_held(request.expression_attribute_values(":seen", seen).send().await)
    }

    /// Requests that the homepage of a burst stops it. Returns false when the burst has ended already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn request_stop(&self, id: Uuid) -> Result<bool, Error> {
        let state = |state: State| AttributeValue::S(state.as_str().to_owned());
        let request = self.client.update_item().table_name(self.name.as_str());
        let answer = request
            .set_key(Some(ItemBuilder::keyed(BurstRow::shard(id), 0).item()))
            .update_expression("SET #stop = :yes")
            .condition_expression("#state IN (:running, :draining)")
            .expression_attribute_names("#stop", STOP)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":running", state(State::Running))
            .expression_attribute_values(":draining", state(State::Draining))
            .send()
            .await;
        self.condition_held(answer)
    }

    /// The row of a burst, unless it has expired; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer, or the row is not that of a burst.
    pub async fn burst(&self, id: Uuid) -> Result<Option<BurstRow>, Error> {
        let key = ItemBuilder::keyed(BurstRow::shard(id), 0).item();
        let item = self.item(key).await?;
        let row = item.as_ref().map(|item| BurstRow::from_item(id, item)).transpose()?;
        Ok(row.filter(|row| !row.expires_at.has_surely_passed(Millis::now())))
    }

    fn put(&self, burst: &BurstRow) -> PutItemFluentBuilder {
        let request = self.client.put_item().table_name(self.name.as_str());
        request.set_item(Some(burst.to_item()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Offset;

    #[test]
    fn a_burst_survives_the_table() {
        let row = BurstRow {
            id: Uuid::from_u128(5),
            message: "hi".into(),
            concurrency: 10,
            duration: 5,
            rate: 20,
            state: State::Stopped,
            stop_reason: Some(StopReason::LostHomepage),
            accepted: 1000,
            failed: 1,
            stored: 900,
            blocked: 2,
            expired: 1,
            from: PartitionOffsets::from([
                (0, Offset::default()),
                (3, Offset::new(70_000).unwrap()),
            ]),
            to: PartitionOffsets::new(),
            stop_token: Some("5f".repeat(32)),
            device: Some("a0".repeat(32)),
            homepage: "h-1".into(),
            started_at: Millis(1_700_000_000_123),
            heartbeat: Millis(1_700_000_001_123),
            expires_at: Millis(1_700_086_400_000),
        };
        assert_eq!(BurstRow::from_item(row.id, &row.to_item()).unwrap(), row);
        let older = BurstRow { stop_token: None, device: None, ..row };
        assert_eq!(BurstRow::from_item(older.id, &older.to_item()).unwrap(), older);
    }
}

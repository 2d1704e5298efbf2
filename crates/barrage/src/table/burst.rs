//! The row of a burst: what was asked, how far it is, and between which positions its records lie.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

use super::Error;
use super::item::{Build, Item, Read};
use crate::kafka::PartitionOffsets;
use crate::time::Millis;

/// How far a burst is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its senders send.
    Running,
    /// All is sent, some of it is not finished.
    Draining,
    /// All that was accepted is finished.
    Done,
    /// A person stopped it, or its homepage died; what was accepted is finished all the same. Or its
    /// topic was deleted, and with it what was not finished.
    Stopped,
    /// Kafka accepted nothing of it.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Running, Self::Draining, Self::Done, Self::Stopped, Self::Failed];

    /// The word in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing changes any more.
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

/// A burst as its homepage last wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurstRow {
    /// Its id.
    pub id: Uuid,
    /// The message that is sent.
    pub message: String,
    /// How many senders.
    pub concurrency: u32,
    /// For how many seconds.
    pub duration: u32,
    /// How many messages per second each sender sends.
    pub rate: u32,
    /// How far it is.
    pub state: State,
    /// Messages that Kafka acknowledged.
    pub accepted: u64,
    /// Messages that Kafka did not acknowledge.
    pub failed: u64,
    /// Rows that exist.
    pub stored: u64,
    /// Those of them that moderation blocked.
    pub blocked: u64,
    /// Its records lie at these offsets or after them.
    pub from: PartitionOffsets,
    /// Its records lie before these offsets, as far as is known.
    pub to: PartitionOffsets,
    /// The homepage that runs it.
    pub homepage: String,
    /// When it began.
    pub started_at: Millis,
    /// When its homepage last wrote this row.
    pub heartbeat: Millis,
    /// When the table may forget it.
    pub expires_at: Millis,
}

impl BurstRow {
    /// Its partition key.
    pub(super) fn shard(id: Uuid) -> String {
        format!("burst#{id}")
    }

    pub(super) fn to_item(&self) -> Item {
        Build::keyed(Self::shard(self.id), 0)
            .s("message", &self.message)
            .n("concurrency", self.concurrency)
            .n("duration", self.duration)
            .n("rate", self.rate)
            .s("state", self.state.as_str())
            .n("accepted", self.accepted)
            .n("failed", self.failed)
            .n("stored", self.stored)
            .n("blocked", self.blocked)
            .ends("from", &self.from)
            .ends("to", &self.to)
            .s("homepage", &self.homepage)
            .n("started_at", self.started_at.0)
            .n("heartbeat", self.heartbeat.0)
            .n("expires_at", self.expires_at.as_seconds())
            .item()
    }

    pub(super) fn from_item(id: Uuid, item: &Item) -> Result<Self, Error> {
        let read = Read(item);
        Ok(Self {
            id,
            message: read.s("message")?,
            concurrency: read.n("concurrency")?,
            duration: read.n("duration")?,
            rate: read.n("rate")?,
            state: read.parsed("state")?,
            accepted: read.n("accepted")?,
            failed: read.n("failed")?,
            stored: read.n("stored")?,
            blocked: read.n("blocked")?,
            from: read.ends("from")?,
            to: read.ends("to")?,
            homepage: read.s("homepage")?,
            started_at: Millis(read.n("started_at")?),
            heartbeat: Millis(read.n("heartbeat")?),
            expires_at: Millis(read.n::<i64>("expires_at")?.saturating_mul(1000)),
        })
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
            state: State::Draining,
            accepted: 1000,
            failed: 1,
            stored: 900,
            blocked: 2,
            from: PartitionOffsets::from([
                (0, Offset::default()),
                (3, Offset::new(70_000).unwrap()),
            ]),
            to: PartitionOffsets::new(),
            homepage: "h-1".into(),
            started_at: Millis(1_700_000_000_123),
            heartbeat: Millis(1_700_000_001_123),
            expires_at: Millis(1_700_086_400_000),
        };
        assert_eq!(BurstRow::from_item(row.id, &row.to_item()).unwrap(), row);
    }
}

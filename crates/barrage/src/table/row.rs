//! The row of a message, and how it becomes an item of DynamoDB and back.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::Error;
use super::item_builder::{Item, ItemBuilder, ItemReader};
use crate::event::{Identity, Numbers};
use crate::position::{Offset, Partition, Position, Topic};
use crate::propagation::TraceParent;
use crate::time::Millis;

/// What moderation decided about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Shown,
    /// The message is stored and counted, but not shown.
    Blocked,
}

impl Verdict {
    /// The value in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Blocked => "blocked",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Shown, Self::Blocked].into_iter().find(|v| v.as_str() == text).ok_or(())
    }
}

/// A processed message. Its key is the position of its record, so that writing it twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub position: Position,
    /// The id of the record's CloudEvent. It is unique only together with `source`.
    pub id: String,
    /// The source of the record's CloudEvent; `None` in rows that are older than this attribute.
    pub source: Option<String>,
    pub message: String,
    pub verdict: Verdict,
    /// For a single message this is its own id.
    pub burst: Uuid,
    /// The number of the burst's sender, from 1.
    pub sender: u32,
    /// The number of the message within its sender, from 1 without gaps.
    pub seq: u64,
    /// The instance that processed it.
    pub processor: String,
    /// When the homepage handed it to Kafka, by the homepage's clock.
    pub sent_at: Millis,
    /// When the router received the record; `None` when the request did not say it.
    pub read_at: Option<Millis>,
    /// When the processor received it.
    pub received_at: Millis,
    /// When the processor wrote it.
    pub stored_at: Millis,
    /// The trace id as 32 hexadecimal digits.
    pub trace: String,
    /// The span of the processor, if the message is traced. The span of the result continues from it.
    pub traceparent: Option<TraceParent>,
    /// From then on the table may delete it.
    pub expires_at: Millis,
    /// The name that the message's sender has typed.
    pub name: Option<String>,
}

impl Row {
    /// The event that became this row.
    pub fn identity(&self) -> Identity {
        let numbers = Numbers { burst: self.burst, sender: self.sender, seq: self.seq };
        Identity::of_row(&self.id, self.source.as_deref(), numbers)
    }

    pub(super) fn to_item(&self) -> Item {
        ItemBuilder::keyed(self.position.shard(), self.position.offset.get())
            .s("id", &self.id)
            .optional_s("source", self.source.as_deref())
            .s("message", &self.message)
            .s("verdict", self.verdict.as_str())
            .s("burst", self.burst.to_string())
            .n("sender", self.sender)
            .n("seq", self.seq)
            .s("processor", &self.processor)
            .n("sent_at", self.sent_at.0)
            .optional_n("read_at", self.read_at.map(|at| at.0))
            .n("received_at", self.received_at.0)
            .n("stored_at", self.stored_at.0)
            .s("trace", &self.trace)
            .optional_s("traceparent", self.traceparent.map(|parent| parent.to_string()))
            .n("expires_at", self.expires_at.as_seconds())
            .optional_s("name", self.name.as_deref())
            .item()
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, Error> {
        let read = ItemReader(item);
        let traceparent = read.optional_s("traceparent").and_then(|text| text.parse().ok());
        Ok(Self {
            position: position(read).ok_or_else(|| read.malformed("shard"))?,
            id: read.s("id")?,
            source: read.optional_s("source"),
            message: read.s("message")?,
            verdict: read.parsed("verdict")?,
            burst: read.parsed("burst")?,
            sender: read.n("sender")?,
            seq: read.n("seq")?,
            processor: read.s("processor")?,
            sent_at: Millis(read.n("sent_at")?),
            read_at: read.optional_n("read_at").map(Millis),
            received_at: Millis(read.n("received_at")?),
            stored_at: Millis(read.n("stored_at")?),
            trace: read.s("trace")?,
            traceparent,
            expires_at: Millis(read.n::<i64>("expires_at")?.saturating_mul(1000)),
            name: read.optional_s("name"),
        })
    }
}

fn position(read: ItemReader<'_>) -> Option<Position> {
    let shard = read.optional_s("shard")?;
    let mut parts = shard.rsplitn(3, '#').skip(1);
    let partition: Partition = parts.next()?.parse().ok()?;
    let topic: Topic = parts.next()?.parse().ok()?;
    Some(Position { topic, partition, offset: Offset::new(read.n("offset").ok()?)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_row()(
            offset in 0..i64::MAX / 2,
            partition in 0..1000,
            (id, message) in ("\\PC{1,40}", "\\PC{0,100}"),
            source in proptest::option::of("\\PC{1,40}"),
            blocked in any::<bool>(),
            (burst, sender, seq) in (any::<u128>(), any::<u32>(), any::<u64>()),
            (sent, received, stored) in (0..1i64 << 45, 0..1i64 << 45, 0..1i64 << 45),
            read in proptest::option::of(0..1i64 << 45),
            traced in any::<bool>(),
            name in proptest::option::of("\\PC{1,20}"),
        ) -> Row {
            let parent = TraceParent { trace_id: 7, span_id: 9, sampled: true };
            Row {
                position: Position {
                    topic: "barrage-info".parse().unwrap(),
                    partition,
                    offset: Offset::new(offset).unwrap(),
                },
                id,
                source,
                message,
                verdict: if blocked { Verdict::Blocked } else { Verdict::Shown },
                burst: Uuid::from_u128(burst),
                sender,
                seq,
                processor: "p-1".into(),
                sent_at: Millis(sent),
                read_at: read.map(Millis),
                received_at: Millis(received),
                stored_at: Millis(stored),
                trace: parent.trace(),
                traceparent: traced.then_some(parent),
                expires_at: Millis(stored / 1000 * 1000),
                name,
            }
        }
    }

    proptest! {
        #[test]
        fn a_row_survives_the_table(row in any_row()) {
            prop_assert_eq!(Row::from_item(&row.to_item()).unwrap(), row);
        }

        #[test]
        fn a_missing_attribute_is_named(row in any_row(), nth in 0usize..12) {
            let name = ["id", "message", "verdict", "burst", "sender", "seq", "processor", "sent_at",
                "received_at", "stored_at", "trace", "expires_at"][nth];
            let mut item = row.to_item();
            item.remove(name);
            let error = Row::from_item(&item).unwrap_err().to_string();
            prop_assert!(error.ends_with(name), "{}", error);
        }
    }
}

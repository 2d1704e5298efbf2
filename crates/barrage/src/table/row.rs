//! The row of a message, and the requests that write and read such rows.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use super::item::{Item, ItemBuilder, ItemReader};
use super::{Error, Table, metrics};
use crate::position::{Offset, Partition, Position, Shard, Topic};
use crate::propagation::TraceParent;
use crate::retry::Backoff;
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
    /// The id of the record's CloudEvent.
    pub id: String,
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
}

impl Row {
    pub(super) fn to_item(&self) -> Item {
        ItemBuilder::keyed(self.position.shard(), self.position.offset.get())
            .s("id", &self.id)
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
            .item()
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, Error> {
        let read = ItemReader(item);
        let traceparent = read.optional_s("traceparent").and_then(|text| text.parse().ok());
        Ok(Self {
            position: position(read).ok_or_else(|| read.malformed("shard"))?,
            id: read.s("id")?,
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

/// A request for rows of one shard.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first offset of the range.
    pub from: Offset,
    /// The offset after the last one of the range.
    pub to: Offset,
    /// The most rows that one answer has.
    pub limit: i32,
    pub consistency: Consistency,
}

/// Which writes a read must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// All writes that succeeded before the read. It costs twice as much.
    Strong,
    /// Possibly not the writes of the last second.
    Eventual,
}

/// The answer to a request for single rows.
#[derive(Debug, Default)]
pub struct Found {
    pub rows: Vec<Row>,
    /// The positions that the service has looked up, which may be fewer than were requested. Those of them that
    /// are not in `rows` had no row.
    pub looked_up: Vec<Position>,
}

/// Rows of one shard, in the order of their offsets.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Whether the shard has more rows of the range.
    pub more: bool,
}

impl Table {
    /// DynamoDB's limit of rows for one request that writes.
    const WRITE_CHUNK: usize = 25;
    const WRITES_IN_FLIGHT: usize = 4;
    /// DynamoDB's limit of rows for one request that reads single rows.
    pub const READ_CHUNK: usize = 100;
    /// How often rows that the service returned unwritten are sent again before that counts as throttling.
    const RESENDS: u32 = 8;

    /// Writes rows. All positions must differ.
    ///
    /// # Errors
    /// Then any of the rows may be written or not. Write all of them again. That is safe, because the key of a
    /// row is the position of its record.
    pub async fn write(&self, rows: &[Row]) -> Result<(), Error> {
        let chunks: Vec<_> =
            rows.chunks(Self::WRITE_CHUNK).map(|chunk| self.write_chunk(chunk)).collect();
        stream::iter(chunks).buffer_unordered(Self::WRITES_IN_FLIGHT).try_collect().await
    }

    async fn write_chunk(&self, rows: &[Row]) -> Result<(), Error> {
        let writes = rows.iter().map(|row| put(row.to_item())).collect::<Result<Vec<_>, _>>()?;
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
        let mut unwritten = self.send(writes).await?;
        while !unwritten.is_empty() {
            if backoff.failures() == Self::RESENDS {
                return Err(Error::Throttled);
            }
            metrics::count_unprocessed(unwritten.len());
            backoff.wait().await;
            unwritten = match self.send(unwritten.clone()).await {
                // The service says by this error that it has written none of them.
                Err(Error::Throttled) => unwritten,
                answer => answer?,
            };
        }
        Ok(())
    }

    /// Sends a batch once. Returns the rows that the service has not written.
    async fn send(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteRequest>, Error> {
        let name = self.name.as_str();
        let answer = self.client.batch_write_item().request_items(name, writes).send().await;
        let answer = answer.map_err(|error| Error::of(error, &self.name))?;
        Ok(answer.unprocessed_items.and_then(|mut all| all.remove(name)).unwrap_or_default())
    }

    /// # Errors
    /// When the table does not answer.
    pub async fn range(
        &self,
        shard: &Shard,
        Range { from, to, limit, consistency }: Range,
    ) -> Result<Page, Error> {
        if from >= to {
            return Ok(Page { rows: Vec::new(), more: false });
        }
        let query = self
            .client
            .query()
            .table_name(self.name.as_str())
            .key_condition_expression("#shard = :shard AND #offset BETWEEN :from AND :to")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_names("#offset", "offset")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
            .expression_attribute_values(":from", AttributeValue::N(from.to_string()))
            .expression_attribute_values(":to", AttributeValue::N(to.minus(1).to_string()))
            .consistent_read(consistency == Consistency::Strong)
            .limit(limit);
        metrics::count_read();
        let answer = query.send().await.map_err(|error| Error::of(error, &self.name))?;
        let more = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default();
        Ok(Page { rows: readable(&rows), more })
    }

    /// The highest offset of which the shard has a row; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn last_offset(&self, shard: &Shard) -> Result<Option<Offset>, Error> {
        let query = self.client.query().table_name(self.name.as_str());
        let query = query
            .key_condition_expression("#shard = :shard")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1);
        let answer = query.send().await.map_err(|error| Error::of(error, &self.name))?;
        let rows = answer.items.unwrap_or_default();
        let offset = rows.first().map(|row| ItemReader(row).n("offset")).transpose()?;
        Ok(offset.and_then(Offset::new))
    }

    /// The rows at these positions, at most [`Table::READ_CHUNK`] of them; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn get(&self, positions: &[Position]) -> Result<Found, Error> {
        let key = |at: &Position| ItemBuilder::keyed(at.shard(), at.offset.get()).item();
        let keys = positions.iter().map(key).collect();
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let request = request.build().map_err(|error| Error::Other(error.to_string()))?;
        let name = self.name.as_str();
        metrics::count_read();
        let answer = self.client.batch_get_item().request_items(name, request).send().await;
        let answer = answer.map_err(|error| Error::of(error, &self.name))?;
        let rows = answer.responses.and_then(|mut all| all.remove(name)).unwrap_or_default();
        let unprocessed = answer.unprocessed_keys.and_then(|mut all| all.remove(name));
        let unprocessed = unprocessed.map(|request| request.keys).unwrap_or_default();
        let is_done = |at: &&Position| unprocessed.is_empty() || !unprocessed.contains(&key(at));
        let looked_up = positions.iter().filter(is_done).cloned().collect();
        Ok(Found { rows: readable(&rows), looked_up })
    }
}

/// The rows that can be read. A row that another version or another writer has written differently is left
/// out, so that it does not hide the others.
fn readable(items: &[Item]) -> Vec<Row> {
    let row =
        |item| Row::from_item(item).inspect_err(|error| tracing::warn!(%error, "skipped a row"));
    items.iter().filter_map(|item| row(item).ok()).collect()
}

fn put(item: Item) -> Result<WriteRequest, Error> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.map_err(|error| Error::Other(error.to_string()))?;
    Ok(WriteRequest::builder().put_request(put).build())
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
            blocked in any::<bool>(),
            (burst, sender, seq) in (any::<u128>(), any::<u32>(), any::<u64>()),
            (sent, received, stored) in (0..1i64 << 45, 0..1i64 << 45, 0..1i64 << 45),
            read in proptest::option::of(0..1i64 << 45),
            traced in any::<bool>(),
        ) -> Row {
            let parent = TraceParent { trace_id: 7, span_id: 9, sampled: true };
            Row {
                position: Position {
                    topic: "barrage-info".parse().unwrap(),
                    partition,
                    offset: Offset::new(offset).unwrap(),
                },
                id,
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

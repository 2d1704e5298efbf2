//! The requests that write and read rows of messages: BatchWriteItem, Query and BatchGetItem.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::item_builder::{Item, ItemBuilder, ItemReader};
use super::{Error, Row, Table, metrics};
use crate::position::{Offset, Position, Shard};
use crate::retry::Backoff;

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

    /// Sends again what the table returned unprocessed. A first request that is throttled as a whole fails: the router
    /// sends its records again, after a pause.
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

    /// The rows at these positions, at most [`Table::READ_CHUNK`] of them.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn get(
        &self,
        positions: &[Position],
        consistency: Consistency,
    ) -> Result<Found, Error> {
        let key = |at: &Position| ItemBuilder::keyed(at.shard(), at.offset.get()).item();
        let keys = positions.iter().map(key).collect();
        let is_strong = consistency == Consistency::Strong;
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(is_strong);
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

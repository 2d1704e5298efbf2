//! Writing and reading rows.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::item::{Build, Item, Read};
use super::{Error, Row, Table};
use crate::position::{Offset, Position, Shard};
use crate::retry::Backoff;

/// Which rows of a shard are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first offset.
    pub from: Offset,
    /// The offset after the last one.
    pub to: Offset,
    /// The most rows.
    pub limit: i32,
    /// Whether rows that were written just now must be among them.
    pub consistency: Consistency,
}

/// How fresh a read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// All that was written before is seen.
    Strong,
    /// Some of it may not be seen yet.
    Eventual,
}

/// What a read of single rows found.
#[derive(Debug, Default)]
pub struct Found {
    /// The rows that exist.
    pub rows: Vec<Row>,
    /// The positions that the service has looked up, perhaps not all that were asked: what is not in
    /// `rows` of these did not exist.
    pub looked_up: Vec<Position>,
}

/// Rows of a shard, in the order of their offsets.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// The shard has more of the range.
    pub more: bool,
}

impl Table {
    /// How many rows DynamoDB takes in one request.
    const WRITE_CHUNK: usize = 25;
    const WRITES_IN_FLIGHT: usize = 4;
    /// How many rows DynamoDB gives in one request.
    pub const READ_CHUNK: usize = 100;
    /// How often rows that the service left undone are sent again before it counts as throttling.
    const RESENDS: u32 = 8;

    /// Writes rows. All positions must differ.
    ///
    /// # Errors
    /// Then any of them may be written: write all again, the key is the position.
    pub async fn write(&self, rows: &[Row]) -> Result<(), Error> {
        let chunks: Vec<_> =
            rows.chunks(Self::WRITE_CHUNK).map(|chunk| self.write_chunk(chunk)).collect();
        stream::iter(chunks).buffer_unordered(Self::WRITES_IN_FLIGHT).try_collect().await
    }

    async fn write_chunk(&self, rows: &[Row]) -> Result<(), Error> {
        let writes = rows.iter().map(|row| put(row.to_item())).collect::<Result<Vec<_>, _>>()?;
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
        let mut open = self.send(writes).await?;
        while !open.is_empty() {
            if backoff.failures() == Self::RESENDS {
                return Err(Error::Throttled);
            }
            metrics::counter!("barrage_table_unprocessed_total").increment(open.len() as u64);
            backoff.wait().await;
            open = match self.send(open.clone()).await {
                // So the service says that it has left all of them undone once more.
                Err(Error::Throttled) => open,
                answer => answer?,
            };
        }
        Ok(())
    }

    /// Sends a batch once. Answers with what the service has left undone.
    async fn send(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteRequest>, Error> {
        let name = self.name.as_str();
        let answer = self.client.batch_write_item().request_items(name, writes).send().await;
        let answer = answer.map_err(|error| Error::of(error, &self.name))?;
        Ok(answer.unprocessed_items.and_then(|mut all| all.remove(name)).unwrap_or_default())
    }

    /// At most `limit` rows of a shard from `from` on, before `to`.
    ///
    /// An eventual read costs half, but may miss rows that were written just now.
    ///
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
        metrics::counter!("barrage_table_reads_total").increment(1);
        let answer = query.send().await.map_err(|error| Error::of(error, &self.name))?;
        let more = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default();
        Ok(Page { rows: readable(&rows), more })
    }

    /// The offset of the furthest row of a shard; strongly consistent.
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
        let offset = rows.first().map(|row| Read(row).n("offset")).transpose()?;
        Ok(offset.and_then(Offset::new))
    }

    /// The rows at these positions, at most [`Table::READ_CHUNK`] of them; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn get(&self, positions: &[Position]) -> Result<Found, Error> {
        let key = |at: &Position| Build::keyed(at.shard(), at.offset.get()).item();
        let keys = positions.iter().map(key).collect();
        let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let asked = asked.build().map_err(|error| Error::Other(error.to_string()))?;
        let name = self.name.as_str();
        metrics::counter!("barrage_table_reads_total").increment(1);
        let answer = self.client.batch_get_item().request_items(name, asked).send().await;
        let answer = answer.map_err(|error| Error::of(error, &self.name))?;
        let rows = answer.responses.and_then(|mut all| all.remove(name)).unwrap_or_default();
        let undone = answer.unprocessed_keys.and_then(|mut all| all.remove(name));
        let undone = undone.map(|asked| asked.keys).unwrap_or_default();
        let is_done = |at: &&Position| undone.is_empty() || !undone.contains(&key(at));
        let looked_up = positions.iter().filter(is_done).cloned().collect();
        Ok(Found { rows: readable(&rows), looked_up })
    }
}

/// The rows that can be read. One that cannot, of another version or another writer, must not hide the others.
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

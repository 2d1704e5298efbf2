//! Writing and reading rows.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use super::item::{Build, Item};
use super::{BurstRow, Error, Row, Table};
use crate::position::{Offset, Position, Shard};
use crate::retry::Backoff;

/// What a read of single rows found.
#[derive(Debug, Default)]
pub struct Found {
    /// The rows that exist.
    pub rows: Vec<Row>,
    /// The service answered for all that were asked: what is not in `rows` did not exist.
    pub complete: bool,
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
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
        let mut open = rows.iter().map(|row| put(row.to_item())).collect::<Result<Vec<_>, _>>()?;
        loop {
            let name = self.name.as_str();
            let answer = self.client.batch_write_item().request_items(name, open).send().await;
            let answer = answer.map_err(|error| Error::of(error, &self.name))?;
            open =
                answer.unprocessed_items.and_then(|mut all| all.remove(name)).unwrap_or_default();
            if open.is_empty() {
                return Ok(());
            }
            if backoff.failures() == Self::RESENDS {
                return Err(Error::Throttled);
            }
            metrics::counter!("barrage_table_unprocessed_total").increment(open.len() as u64);
            backoff.wait().await;
        }
    }

    /// At most `limit` rows of a shard from `from` on, before `to`.
    ///
    /// The read is eventually consistent: rows that were written just now may be missing.
    ///
    /// # Errors
    /// When the table does not answer, or holds what is no row.
    pub async fn range(
        &self,
        shard: &Shard,
        from: Offset,
        to: Offset,
        limit: i32,
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
            .expression_attribute_values(":to", AttributeValue::N(to.back(1).to_string()))
            .limit(limit);
        let answer = query.send().await.map_err(|error| Error::of(error, &self.name))?;
        let more = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default();
        Ok(Page { rows: rows.iter().map(Row::from_item).collect::<Result<_, _>>()?, more })
    }

    /// The rows at these positions, at most [`Table::READ_CHUNK`] of them; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer, or holds what is no row.
    pub async fn get(&self, positions: &[Position]) -> Result<Found, Error> {
        let keys = positions.iter().map(|at| Build::keyed(at.shard(), at.offset.get()).item());
        let asked =
            KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
        let asked = asked.build().map_err(|error| Error::Other(error.to_string()))?;
        let name = self.name.as_str();
        let answer = self.client.batch_get_item().request_items(name, asked).send().await;
        let answer = answer.map_err(|error| Error::of(error, &self.name))?;
        let rows = answer.responses.and_then(|mut all| all.remove(name)).unwrap_or_default();
        let complete = answer.unprocessed_keys.is_none_or(|open| open.is_empty());
        Ok(Found { rows: rows.iter().map(Row::from_item).collect::<Result<_, _>>()?, complete })
    }

    /// Writes the row of a burst.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_burst(&self, burst: &BurstRow) -> Result<(), Error> {
        let request = self.client.put_item().table_name(self.name.as_str());
        let answer = request.set_item(Some(burst.to_item())).send().await;
        answer.map(drop).map_err(|error| Error::of(error, &self.name))
    }

    /// The row of a burst, if there is one; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer, or holds what is no burst.
    pub async fn burst(&self, id: Uuid) -> Result<Option<BurstRow>, Error> {
        let key: HashMap<_, _> = Build::keyed(BurstRow::shard(id), 0).item();
        let request = self.client.get_item().table_name(self.name.as_str()).consistent_read(true);
        let answer = request.set_key(Some(key)).send().await;
        let item = answer.map_err(|error| Error::of(error, &self.name))?.item;
        item.as_ref().map(|item| BurstRow::from_item(id, item)).transpose()
    }
}

fn put(item: Item) -> Result<WriteRequest, Error> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.map_err(|error| Error::Other(error.to_string()))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

//! The row of the totals: what became of the records of a topic, counted up to a place in each partition. With it
//! every homepage counts from the same moment, and goes on counting after a restart.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item_builder::{Item, ItemBuilder, ItemReader};
use super::{Error, Table};
use crate::kafka::{Group, PartitionOffsets};
use crate::position::Topic;
use crate::time::Millis;

/// What became of the records that were finished, since counting began and until this was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalsRow {
    /// When counting began.
    pub since: Millis,
    /// All records before these offsets are finished. Those of them that came since counting began are counted here.
    pub finished: PartitionOffsets,
    /// Rows in the table, shown or blocked.
    pub stored: u64,
    /// How many of the stored rows moderation blocked.
    pub blocked: u64,
    /// Records that were filtered or dead-lettered.
    pub without_row: u64,
    /// Records that Kafka deleted before they were processed.
    pub expired: u64,
    /// When the first of them expired.
    pub expired_since: Option<Millis>,
    /// From then on the table may delete the row.
    pub expires_at: Millis,
}

impl TotalsRow {
    /// Rows that are not of messages begin with `burst#`: who reads the whole table knows them by that.
    fn key(topic: &Topic, group: &Group) -> ItemBuilder {
        ItemBuilder::keyed(format!("burst#totals#{topic}#{group}"), 0)
    }

    fn to_item(&self, key: ItemBuilder) -> Item {
        key.n("since", self.since.0)
            .offsets("finished", &self.finished)
            .n("stored", self.stored)
            .n("blocked", self.blocked)
            .n("without_row", self.without_row)
            .n("expired", self.expired)
            .optional_n("expired_since", self.expired_since.map(|at| at.0))
            .n("expires_at", self.expires_at.as_seconds())
            .item()
    }

    fn from_item(item: &Item) -> Result<Self, Error> {
        let read = ItemReader(item);
        Ok(Self {
            since: Millis(read.n("since")?),
            finished: read.offsets("finished")?,
            stored: read.n("stored")?,
            blocked: read.n("blocked")?,
            without_row: read.n("without_row")?,
            expired: read.n("expired")?,
            expired_since: read.optional_n("expired_since").map(Millis),
            expires_at: Millis(read.n::<i64>("expires_at")?.saturating_mul(1000)),
        })
    }
}

impl Table {
    /// The totals of a topic as the router's group has finished it; strongly consistent. They may have expired.
    ///
    /// # Errors
    /// When the table does not answer, or the row is not one of totals.
    pub async fn totals(&self, topic: &Topic, group: &Group) -> Result<Option<TotalsRow>, Error> {
        let key = TotalsRow::key(topic, group).item();
        let item = self.item(key).await?;
        item.as_ref().map(TotalsRow::from_item).transpose()
    }

    /// Writes the totals if the table has none, or those that count since `replaces`. Returns whether it did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_totals(
        &self,
        (topic, group): (&Topic, &Group),
        totals: &TotalsRow,
        replaces: Option<Millis>,
    ) -> Result<bool, Error> {
        let item = totals.to_item(TotalsRow::key(topic, group));
        let request = self.client.put_item().table_name(self.name.as_str()).set_item(Some(item));
        let request = match replaces {
            None => request
                .condition_expression("attribute_not_exists(#shard)")
                .expression_attribute_names("#shard", "shard"),
            Some(since) => request
                .condition_expression("attribute_not_exists(#since) OR #since = :since")
                .expression_attribute_names("#since", "since")
                .expression_attribute_values(":since", AttributeValue::N(since.0.to_string())),
        };
        self.condition_held(request.send().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Offset;

    #[test]
    fn totals_survive_the_table() {
        let (topic, group) = ("t".parse().unwrap(), "g".parse().unwrap());
        let row = TotalsRow {
            since: Millis(1_700_000_000_123),
            finished: PartitionOffsets::from([
                (0, Offset::default()),
                (3, Offset::new(7).unwrap()),
            ]),
            stored: 900,
            blocked: 2,
            without_row: 3,
            expired: 1,
            expired_since: Some(Millis(1_700_000_000_456)),
            expires_at: Millis(1_700_086_400_000),
        };
        let item = row.to_item(TotalsRow::key(&topic, &group));
        assert_eq!(TotalsRow::from_item(&item).unwrap(), row);
        assert_eq!(item["shard"], AttributeValue::S("burst#totals#t#g".into()));
    }
}

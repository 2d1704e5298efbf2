//! Items are the rows in the SDK's own form. They are built and read one attribute at a time.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Error;
use crate::kafka::PartitionOffsets;
use crate::position::Offset;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Builds an item. The methods `s` and `n` have DynamoDB's own names for text and number.
#[derive(Debug, Default)]
pub(super) struct ItemBuilder(Item);

impl ItemBuilder {
    pub(super) fn keyed(shard: impl ToString, offset: i64) -> Self {
        Self(Item::with_capacity(16)).s("shard", shard.to_string()).n("offset", offset)
    }

    pub(super) fn s(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(text.into()));
        self
    }

    pub(super) fn n(mut self, name: &str, number: impl ToString) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(number.to_string()));
        self
    }

    pub(super) fn optional_s(self, name: &str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.s(name, text),
            None => self,
        }
    }

    pub(super) fn optional_n(self, name: &str, number: Option<impl ToString>) -> Self {
        match number {
            Some(number) => self.n(name, number),
            None => self,
        }
    }

    /// A map from partition to offset.
    pub(super) fn offsets(mut self, name: &str, offsets: &PartitionOffsets) -> Self {
        let entry = |(partition, offset): (&i32, &Offset)| {
            (partition.to_string(), AttributeValue::N(offset.to_string()))
        };
        let map = offsets.iter().map(entry).collect();
        self.0.insert(name.to_owned(), AttributeValue::M(map));
        self
    }

    pub(super) fn item(self) -> Item {
        self.0
    }
}

/// Reads an item. An error names its key and the attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct ItemReader<'a>(pub(super) &'a Item);

impl ItemReader<'_> {
    pub(super) fn s(self, name: &'static str) -> Result<String, Error> {
        self.optional_s(name).ok_or_else(|| self.malformed(name))
    }

    pub(super) fn optional_s(self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| value.as_s().ok()).cloned()
    }

    /// A text that is parsed to one of our types.
    pub(super) fn parsed<T: FromStr>(self, name: &'static str) -> Result<T, Error> {
        let text = self.optional_s(name).and_then(|text| text.parse().ok());
        text.ok_or_else(|| self.malformed(name))
    }

    pub(super) fn n<T: FromStr>(self, name: &'static str) -> Result<T, Error> {
        self.optional_n(name).ok_or_else(|| self.malformed(name))
    }

    pub(super) fn optional_n<T: FromStr>(self, name: &str) -> Option<T> {
        self.0.get(name).and_then(|value| value.as_n().ok()).and_then(|n| n.parse().ok())
    }

    pub(super) fn offsets(self, name: &'static str) -> Result<PartitionOffsets, Error> {
        let map = self.0.get(name).and_then(|value| value.as_m().ok());
        let entry = |(partition, offset): (&String, &AttributeValue)| {
            let offset = offset.as_n().ok()?.parse().ok().and_then(Offset::new)?;
            Some((partition.parse().ok()?, offset))
        };
        let offsets: Option<BTreeMap<_, _>> = map.and_then(|map| map.iter().map(entry).collect());
        offsets.ok_or_else(|| self.malformed(name))
    }

    pub(super) fn malformed(self, attribute: &'static str) -> Error {
        let shard = self.optional_s("shard").unwrap_or_default();
        let offset = self.0.get("offset").and_then(|value| value.as_n().ok());
        let offset = offset.map_or("?", String::as_str);
        Error::Malformed { key: format!("{shard}@{offset}"), attribute }
    }
}

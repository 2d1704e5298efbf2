//! Items of the table, built and read attribute by attribute.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Error;
use crate::kafka::PartitionOffsets;
use crate::position::Offset;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Builds an item. `s`, `n` and `m` are DynamoDB's own names for text, number and map.
#[derive(Debug, Default)]
pub(super) struct Build(Item);

impl Build {
    /// An item with this key.
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

    pub(super) fn ends(mut self, name: &str, ends: &PartitionOffsets) -> Self {
        let entry = |(partition, offset): (&i32, &Offset)| {
            (partition.to_string(), AttributeValue::N(offset.to_string()))
        };
        let map = ends.iter().map(entry).collect();
        self.0.insert(name.to_owned(), AttributeValue::M(map));
        self
    }

    pub(super) fn item(self) -> Item {
        self.0
    }
}

/// Reads an item; an error names its key and the attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read<'a>(pub(super) &'a Item);

impl Read<'_> {
    pub(super) fn s(self, name: &'static str) -> Result<String, Error> {
        self.optional_s(name).ok_or_else(|| self.malformed(name))
    }

    pub(super) fn optional_s(self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| value.as_s().ok()).cloned()
    }

    /// A text of a type of ours.
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

    pub(super) fn ends(self, name: &'static str) -> Result<PartitionOffsets, Error> {
        let map = self.0.get(name).and_then(|value| value.as_m().ok());
        let entry = |(partition, offset): (&String, &AttributeValue)| {
            let offset = offset.as_n().ok()?.parse().ok().and_then(Offset::new)?;
            Some((partition.parse().ok()?, offset))
        };
        let ends: Option<BTreeMap<_, _>> = map.and_then(|map| map.iter().map(entry).collect());
        ends.ok_or_else(|| self.malformed(name))
    }

    pub(super) fn malformed(self, attribute: &'static str) -> Error {
        let shard = self.optional_s("shard").unwrap_or_default();
        let offset = self.0.get("offset").and_then(|value| value.as_n().ok());
        let offset = offset.map_or("?", String::as_str);
        Error::Malformed { key: format!("{shard}@{offset}"), attribute }
    }
}

//! The fields of a JSON object.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Rejection;

/// The fields, each of which can be taken once.
#[derive(Debug, Default)]
pub(super) struct Fields {
    by_name: Map<String, Value>,
    /// A name is there more often than once: one reader would see this message, another that.
    twice: bool,
}

impl Fields {
    /// The fields of data.
    pub(super) fn of(data: &[u8]) -> Result<Self, Rejection> {
        if data.is_empty() {
            return Err(Rejection::Empty);
        }
        let fields: Self = serde_json::from_slice(data).map_err(|error| {
            if error.is_data() {
                Rejection::NotAnObject
            } else {
                Rejection::NotJson { line: error.line(), column: error.column() }
            }
        })?;
        if fields.twice { Err(Rejection::Twice) } else { Ok(fields) }
    }

    /// Field by field, because serde's own words repeat the value and do not always name the field.
    pub(super) fn take<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<T, Rejection> {
        let value = self.by_name.remove(field).ok_or(Rejection::Missing(field))?;
        serde_json::from_value(value).map_err(|_| Rejection::Field { field, expected })
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some((name, value)) = map.next_entry()? {
            fields.twice |= fields.by_name.insert(name, value).is_some();
        }
        Ok(fields)
    }
}

//! A JSON object whose members are read one by one, and that says when one is there more than once.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// The members of an object.
#[derive(Debug)]
pub struct JsonObject<T> {
    pub members: BTreeMap<String, T>,
    /// A name that is there more than once. Two readers of such an object could see two different ones.
    pub duplicate: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = JsonObject<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject<T>, A::Error> {
        let mut object = JsonObject { members: BTreeMap::new(), duplicate: None };
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if object.members.insert(name.clone(), value).is_some() {
                object.duplicate = Some(name);
            }
        }
        Ok(object)
    }
}

//! The items in requests and answers: takes some out and leaves the rest unchanged.

use serde_json::{Map, Value, json};

/// Takes the `chosen` items out of a batch. Returns them as a batch of the same form.
///
/// A batch is the value of `RequestItems`. It has for each table a list of writes, or an object with a list
/// of `Keys`: without item 2, `{"t": [1, 2], "u": [2]}` becomes `{"t": [1]}`.
pub(super) fn take(batch: &mut Value, mut chosen: impl FnMut(&Value) -> bool) -> Value {
    let mut taken = Map::new();
    let Value::Object(tables) = batch else { return Value::Object(taken) };
    for (table, request) in tables.iter_mut() {
        let mut removed = request.clone();
        let (Some(stay), Some(go)) = (items(request), items(&mut removed)) else { continue };
        go.clear();
        for item in std::mem::take(stay) {
            if chosen(&item) { go.push(item) } else { stay.push(item) }
        }
        if !go.is_empty() {
            taken.insert(table.clone(), removed);
        }
    }
    tables.retain(|_, request| items(request).is_none_or(|items| !items.is_empty()));
    Value::Object(taken)
}

pub(super) fn is_empty(batch: &Value) -> bool {
    batch.as_object().is_none_or(Map::is_empty)
}

/// How many items a batch has, over all its tables.
pub(super) fn len(batch: &Value) -> u64 {
    let tables = batch.as_object().into_iter().flat_map(Map::values);
    let of_table =
        |request: &Value| request.get("Keys").unwrap_or(request).as_array().map_or(0, Vec::len);
    tables.map(of_table).sum::<usize>() as u64
}

/// Omits the `chosen` rows from the answer to a Query or GetItem.
pub(super) fn omit(answer: &mut Value, mut chosen: impl FnMut() -> bool) {
    if let Some(Value::Array(rows)) = answer.get_mut("Items") {
        rows.retain(|_| !chosen());
        let count = rows.len();
        answer["Count"] = json!(count);
    }
    if answer.get("Item").is_some() && chosen() {
        answer.as_object_mut().map(|answer| answer.remove("Item"));
    }
}

/// The key of the row that a write puts; none if it is not a row of Barrage.
pub(super) fn key(write: &Value) -> Option<String> {
    let row = write.get("PutRequest")?.get("Item")?;
    let (shard, offset) = (row.get("shard")?.get("S")?, row.get("offset")?.get("N")?);
    Some(format!("{}/{}", shard.as_str()?, offset.as_str()?))
}

fn items(request: &mut Value) -> Option<&mut Vec<Value>> {
    match request {
        Value::Array(writes) => Some(writes),
        Value::Object(read) => read.get_mut("Keys")?.as_array_mut(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_writes_are_taken_out_and_the_others_stay() {
        let mut batch = json!({ "t": [1, 2, 3], "u": [2] });
        assert_eq!(take(&mut batch, |item| item == 2), json!({ "t": [2], "u": [2] }));
        assert_eq!(batch, json!({ "t": [1, 3] }));
        assert_eq!(take(&mut batch, |_| false), json!({}));
        take(&mut batch, |_| true);
        assert!(is_empty(&batch));
    }

    #[test]
    fn keys_that_are_taken_out_keep_their_read_options() {
        let mut batch = json!({ "t": { "Keys": [1, 2], "ConsistentRead": true } });
        let taken = take(&mut batch, |key| key == 1);
        assert_eq!(taken, json!({ "t": { "Keys": [1], "ConsistentRead": true } }));
        assert_eq!(batch, json!({ "t": { "Keys": [2], "ConsistentRead": true } }));
        assert_eq!((len(&batch), len(&json!({ "t": [1, 2], "u": [3] }))), (1, 3));
    }

    #[test]
    fn an_answer_without_some_rows_has_a_correct_count() {
        let mut answer = json!({ "Items": [1, 2, 3], "Count": 3, "LastEvaluatedKey": 3 });
        let mut even = [false, true, false].into_iter();
        omit(&mut answer, || even.next().unwrap());
        assert_eq!(answer, json!({ "Items": [1, 3], "Count": 2, "LastEvaluatedKey": 3 }));
        let mut answer = json!({ "Item": {} });
        omit(&mut answer, || true);
        assert_eq!(answer, json!({}));
    }

    #[test]
    fn the_key_of_a_row_is_its_shard_and_offset() {
        let row = json!({ "shard": { "S": "t#0#0" }, "offset": { "N": "7" } });
        assert_eq!(key(&json!({ "PutRequest": { "Item": row } })).unwrap(), "t#0#0/7");
        assert_eq!(key(&json!({ "DeleteRequest": {} })), None);
    }
}

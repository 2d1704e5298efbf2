//! The items of requests and answers: some are taken out, the rest stay as they are.

use serde_json::{Map, Value, json};

/// Takes items out of a batch, by chance or for any other reason: of each table those that are
/// `chosen`. Answers with them in the form that the batch had.
///
/// The batch is `RequestItems`: by table a list of writes, or an object that holds a list of `Keys`.
pub(super) fn take(batch: &mut Value, mut chosen: impl FnMut(&Value) -> bool) -> Value {
    let mut taken = Map::new();
    let Value::Object(tables) = batch else { return Value::Object(taken) };
    for (table, asked) in tables.iter_mut() {
        let mut out = asked.clone();
        let (Some(stay), Some(go)) = (items(asked), items(&mut out)) else { continue };
        go.clear();
        for item in std::mem::take(stay) {
            if chosen(&item) { go.push(item) } else { stay.push(item) }
        }
        if !go.is_empty() {
            taken.insert(table.clone(), out);
        }
    }
    tables.retain(|_, asked| items(asked).is_none_or(|items| !items.is_empty()));
    Value::Object(taken)
}

/// Whether a batch has no items.
pub(super) fn is_empty(batch: &Value) -> bool {
    batch.as_object().is_none_or(Map::is_empty)
}

/// How many items a batch has.
pub(super) fn len(batch: &Value) -> u64 {
    let tables = batch.as_object().into_iter().flat_map(Map::values);
    let of_table =
        |asked: &Value| asked.get("Keys").unwrap_or(asked).as_array().map_or(0, Vec::len);
    tables.map(of_table).sum::<usize>() as u64
}

/// Leaves rows out of the answer to a query, or to a request for one row.
pub(super) fn leave_out(answer: &mut Value, mut chosen: impl FnMut() -> bool) {
    if let Some(Value::Array(rows)) = answer.get_mut("Items") {
        rows.retain(|_| !chosen());
        let count = rows.len();
        answer["Count"] = json!(count);
    }
    if answer.get("Item").is_some() && chosen() {
        answer.as_object_mut().map(|answer| answer.remove("Item"));
    }
}

/// The key of a row that is to be written; nothing where it is no row of ours.
pub(super) fn key(write: &Value) -> Option<String> {
    let row = write.get("PutRequest")?.get("Item")?;
    let (shard, offset) = (row.get("shard")?.get("S")?, row.get("offset")?.get("N")?);
    Some(format!("{}/{}", shard.as_str()?, offset.as_str()?))
}

fn items(asked: &mut Value) -> Option<&mut Vec<Value>> {
    match asked {
        Value::Array(writes) => Some(writes),
        Value::Object(read) => read.get_mut("Keys")?.as_array_mut(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_that_are_chosen_are_taken_out_and_the_others_stay() {
        let mut batch = json!({ "t": [1, 2, 3], "u": [2] });
        assert_eq!(take(&mut batch, |item| item == 2), json!({ "t": [2], "u": [2] }));
        assert_eq!(batch, json!({ "t": [1, 3] }));
        assert_eq!(take(&mut batch, |_| false), json!({}));
        take(&mut batch, |_| true);
        assert!(is_empty(&batch));
    }

    #[test]
    fn keys_that_are_taken_out_keep_how_they_were_to_be_read() {
        let mut batch = json!({ "t": { "Keys": [1, 2], "ConsistentRead": true } });
        let taken = take(&mut batch, |key| key == 1);
        assert_eq!(taken, json!({ "t": { "Keys": [1], "ConsistentRead": true } }));
        assert_eq!(batch, json!({ "t": { "Keys": [2], "ConsistentRead": true } }));
        assert_eq!((len(&batch), len(&json!({ "t": [1, 2], "u": [3] }))), (1, 3));
    }

    #[test]
    fn an_answer_without_some_rows_says_how_many_it_has() {
        let mut answer = json!({ "Items": [1, 2, 3], "Count": 3, "LastEvaluatedKey": 3 });
        let mut even = [false, true, false].into_iter();
        leave_out(&mut answer, || even.next().unwrap());
        assert_eq!(answer, json!({ "Items": [1, 3], "Count": 2, "LastEvaluatedKey": 3 }));
        let mut answer = json!({ "Item": {} });
        leave_out(&mut answer, || true);
        assert_eq!(answer, json!({}));
    }

    #[test]
    fn a_row_is_known_by_its_shard_and_offset() {
        let row = json!({ "shard": { "S": "t#0#0" }, "offset": { "N": "7" } });
        assert_eq!(key(&json!({ "PutRequest": { "Item": row } })).unwrap(), "t#0#0/7");
        assert_eq!(key(&json!({ "DeleteRequest": {} })), None);
    }
}

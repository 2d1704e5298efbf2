//! Which messages lie out of order.

use std::collections::BTreeMap;

use super::{Id, Record, Row, id_of_record, id_of_row, text};

/// A message's partition and offset.
type Place = (i32, i64, Id);

/// The messages that lie in the topic behind a later one of their sender.
pub(super) fn of_records(records: &[Record]) -> Vec<Id> {
    out_of_order(records.iter().filter_map(place_of_record).collect())
}

/// The messages whose rows do.
pub(super) fn of_rows(rows: &[Row]) -> Vec<Id> {
    out_of_order(rows.iter().filter_map(place_of_row).collect())
}

/// Those that lie behind a later one of their sender in the same partition.
fn out_of_order(mut places: Vec<Place>) -> Vec<Id> {
    places.sort();
    let mut last = BTreeMap::new();
    let is_behind = |(partition, _, id): &Place| {
        let last = last.entry((*partition, id.burst.clone(), id.sender)).or_insert(0);
        let behind = id.seq < *last;
        *last = id.seq.max(*last);
        behind
    };
    places.into_iter().filter(is_behind).map(|(_, _, id)| id).collect()
}

fn place_of_record(record: &Record) -> Option<Place> {
    Some((record.partition, record.offset, id_of_record(record)?))
}

fn place_of_row(row: &Row) -> Option<Place> {
    let shard = text(row, "shard")?;
    let partition = shard.rsplit('#').nth(1)?.parse().ok()?;
    Some((partition, text(row, "offset")?.parse().ok()?, id_of_row(row)?))
}

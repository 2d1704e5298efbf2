//! A row of the table for the tests of this crate.

use barrage::position::{Offset, Partition, Position};
use barrage::table::{Row, Verdict};
use barrage::time::Millis;
use uuid::Uuid;

/// A row that is shown and does not expire.
pub(crate) fn row(partition: Partition, offset: i64, id: &str) -> Row {
    let offset = Offset::new(offset).unwrap();
    Row {
        position: Position { topic: "t".parse().unwrap(), partition, offset },
        id: id.into(),
        source: Some("/s".into()),
        message: "hi".into(),
        verdict: Verdict::Shown,
        burst: Uuid::nil(),
        sender: 1,
        seq: 1,
        processor: "p".into(),
        sent_at: Millis(0),
        read_at: None,
        received_at: Millis(0),
        stored_at: Millis(0),
        trace: String::new(),
        traceparent: None,
        expires_at: Millis(i64::MAX),
        name: None,
    }
}

//! Rows like the processor's, and how many of them a plain client writes.

use std::time::Duration;

use client::table::{Row, Table, number, string};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{CHUNK, TEXT};
use crate::figures::per_second;

/// How many clients write at once.
const WRITERS: i64 = 8;

/// The default of the processor's `TABLE_TTL`, in seconds.
const TABLE_TTL: i64 = 86_400;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What a row takes over from its message. Times are milliseconds since 1970.
pub(crate) struct Message<'a> {
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
    pub(crate) burst: &'a str,
    pub(crate) sender: i64,
    pub(crate) seq: i64,
    pub(crate) sent_at: i64,
}

/// A row with all attributes that the processor writes.
pub(crate) fn row(shard: &str, offset: i64, message: &Message<'_>, now: i64) -> Row {
    Row::from(
        [
            ("shard", string(shard)),
            ("offset", number(offset)),
            ("id", string(message.id)),
            ("message", string(message.text)),
            ("verdict", string("shown")),
            ("burst", string(message.burst)),
            ("sender", number(message.sender)),
            ("seq", number(message.seq)),
            ("processor", string("message-processor")),
            ("sent_at", number(message.sent_at)),
            ("read_at", number(now)),
            ("received_at", number(now)),
            ("stored_at", number(now)),
            ("trace", string(TRACE)),
            ("expires_at", number(now / 1000 + TABLE_TTL)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

/// One batch of rows, in a shard that belongs to no topic.
pub(crate) fn chunk(shard: &str, from: i64) -> impl Iterator<Item = Row> {
    let now = 1_790_000_000_000;
    (from..from + CHUNK as i64).map(move |offset| {
        let message = Message {
            id: &Uuid::now_v7().to_string(),
            text: TEXT,
            burst: "01a20b17-5e0e-75f1-8a6c-9e762542c59e",
            sender: offset % 100,
            seq: offset,
            sent_at: now,
        };
        row(shard, offset, &message, now)
    })
}

/// The name of a shard that nobody has written yet.
pub(crate) fn fresh_shard() -> String {
    format!("raw-{}#0#0", Uuid::now_v7())
}

/// Writes for this time. Returns the rows per second.
pub(crate) async fn write(table: &Table, time: Duration) -> f64 {
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (table, shard) = (table.clone(), fresh_shard());
        writers.spawn(async move {
            let mut next = 0;
            while started.elapsed() < time {
                table.put_batch(chunk(&shard, next)).await;
                next += CHUNK as i64;
            }
            next
        });
    }
    let written: i64 = writers.join_all().await.into_iter().sum();
    per_second(written.unsigned_abs(), started.elapsed())
}

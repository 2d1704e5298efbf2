//! The bare table: rows like the processor's, written and read by a plain client.

use std::time::Duration;

use client::table::{Row, Table, number, string};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{CHUNK, TEXT};
use crate::figures::per_second;

/// So many clients write at once.
const WRITERS: i64 = 8;

/// One batch of rows of a shard that no topic has.
pub(crate) fn chunk(shard: &str, from: i64) -> impl Iterator<Item = Row> {
    (from..from + CHUNK as i64).map(move |offset| row(shard, offset))
}

/// The name of a shard that nobody else writes.
pub(crate) fn fresh_shard() -> String {
    format!("raw-{}#0#0", Uuid::now_v7())
}

/// Writes for so long; the rows per second.
pub(crate) async fn write(rows: &Table, time: Duration) -> f64 {
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (rows, shard) = (rows.clone(), fresh_shard());
        writers.spawn(async move {
            let mut next = 0;
            while started.elapsed() < time {
                rows.put_batch(chunk(&shard, next)).await;
                next += CHUNK as i64;
            }
            next
        });
    }
    let written: i64 = writers.join_all().await.into_iter().sum();
    per_second(written.unsigned_abs(), started.elapsed())
}

fn row(shard: &str, offset: i64) -> Row {
    let now = 1_790_000_000_000_i64;
    Row::from(
        [
            ("shard", string(shard)),
            ("offset", number(offset)),
            ("id", string(&Uuid::now_v7().to_string())),
            ("message", string(TEXT)),
            ("verdict", string("shown")),
            ("burst", string("01a20b17-5e0e-75f1-8a6c-9e762542c59e")),
            ("sender", number(offset % 100)),
            ("seq", number(offset)),
            ("processor", string("message-processor")),
            ("sent_at", number(now)),
            ("read_at", number(now)),
            ("received_at", number(now)),
            ("stored_at", number(now)),
            ("trace", string("0af7651916cd43dd8448eb211c80319c")),
            ("expires_at", number(now / 1000)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

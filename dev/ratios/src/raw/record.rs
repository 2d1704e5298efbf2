//! A record as a homepage writes it, of exactly the same length, and what is read from it.

use std::time::{SystemTime, UNIX_EPOCH};

use client::table::Row;
use jiff::Timestamp;
use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{TEXT, rows};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

pub(crate) struct Content {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) headers: OwnedHeaders,
}

/// The value of a record.
#[derive(Deserialize)]
struct Value<'a> {
    message: &'a str,
    burst: &'a str,
    sender: i64,
    seq: i64,
    sent_at: Timestamp,
}

/// A message of a sender, sent now.
pub(crate) fn content(burst: Uuid, sender: u32, seq: u32) -> Content {
    let (id, now) = (Uuid::now_v7().to_string(), format!("{:.3}", Timestamp::now()));
    let value = json!({
        "message": TEXT,
        "burst": burst,
        "sender": sender,
        "seq": seq,
        "sent_at": now,
    });
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_source", "/homepage/homepage-abcdef"),
        ("ce_type", "barrage.message.sent.v1"),
        ("ce_time", &now),
        ("content-type", "application/json"),
        ("traceparent", TRACEPARENT),
    ];
    let headers = headers.iter().fold(OwnedHeaders::new_with_capacity(7), |all, (key, value)| {
        all.insert(Header { key, value: Some(*value) })
    });
    Content { key: format!("{burst}/{sender}"), value: value.to_string(), headers }
}

/// The row of a record; none if the record is not a message.
pub(crate) fn row(record: &BorrowedMessage<'_>) -> Option<Row> {
    let value: Value<'_> = serde_json::from_slice(record.payload()?).ok()?;
    let id = record.headers()?.iter().find(|header| header.key == "ce_id")?.value?;
    let offset = record.offset();
    let shard = format!("{}#{}#{}", record.topic(), record.partition(), offset >> 16);
    let message = rows::Message {
        id: std::str::from_utf8(id).ok()?,
        text: value.message,
        burst: value.burst,
        sender: value.sender,
        seq: value.seq,
        sent_at: value.sent_at.as_millisecond(),
    };
    Some(rows::row(&shard, offset, &message, Timestamp::now().as_millisecond()))
}

/// How long ago a record was sent, in milliseconds.
pub(crate) fn age(record: &BorrowedMessage<'_>) -> Option<f64> {
    let value: Value<'_> = serde_json::from_slice(record.payload()?).ok()?;
    Some(millis_since(value.sent_at.as_millisecond()))
}

/// The milliseconds since a time, which is itself in milliseconds since 1970.
pub(crate) fn millis_since(time: i64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs_f64() * 1000.0 - time as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_as_long_as_one_of_a_homepage() {
        let Content { key, value, headers } = content(Uuid::now_v7(), 3, 17);
        let example = r#"{"message":"measured","burst":"01a20b17-5e0e-75f1-8a6c-9e762542c59e","sender":3,"seq":17,"sent_at":"2026-11-25T09:17:17.123Z"}"#;
        assert_eq!(value.len(), example.len(), "{value}");
        assert_eq!(key.len(), "01a20b17-5e0e-75f1-8a6c-9e762542c59e/3".len());
        assert_eq!(headers.count(), 7);
        let read: Value<'_> = serde_json::from_str(&value).unwrap();
        assert_eq!((read.message, read.sender, read.seq), (TEXT, 3, 17));
        assert!((0.0..60_000.0).contains(&millis_since(read.sent_at.as_millisecond())));
    }
}

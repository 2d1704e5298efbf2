//! Dead letters: records that can never be stored, kept with the reason.

use std::time::Duration;

use barrage::event::Header;
use barrage::kafka::{NewRecord, Producer, Received};
use barrage::retry::{Backoff, Fate};
use barrage::shutdown::with_sources;
use barrage::time::Millis;
use bytes::Bytes;

use crate::record::Open;

/// Writes dead letters.
#[derive(Clone)]
pub(crate) struct DeadLetters(pub(crate) Producer);

impl DeadLetters {
    /// Writes a record until Kafka has acknowledged it, and gives it back. Nothing is committed meanwhile.
    pub(crate) async fn bury(self, open: Open, reason: String) -> Open {
        let mut letter = dead_letter(&open.received, &reason, open.attempts, Millis::now());
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        while let Err(error) = self.0.send(&letter).await {
            let at = &open.received.position;
            let why = with_sources(&error);
            tracing::warn!(error = %why, %at, "the dead letter of {at} was not accepted, trying again");
            if error.fate() == Fate::Final {
                letter = without_value(letter);
            }
            backoff.wait().await;
        }
        open
    }
}

/// The dead letter of a record that is too large for its topic: the headers tell where the whole of it lies.
fn without_value(letter: NewRecord) -> NewRecord {
    let dropped: Header = ("barrage_value_dropped".into(), Some(Bytes::from_static(b"true")));
    let headers = letter.headers.into_iter().chain([dropped]).collect();
    NewRecord { value: None, headers, ..letter }
}

/// The original record, unchanged, with headers that tell why it is here and where it was.
fn dead_letter(record: &Received, reason: &str, attempts: u32, failed_at: Millis) -> NewRecord {
    let at = &record.position;
    let added = [
        ("barrage_reason", reason.to_owned()),
        ("barrage_attempts", attempts.to_string()),
        ("barrage_source_topic", at.topic.to_string()),
        ("barrage_source_partition", at.partition.to_string()),
        ("barrage_source_offset", at.offset.to_string()),
        ("barrage_failed_at", failed_at.rfc3339().to_string()),
    ];
    let added = added.map(|(name, text)| -> Header { (name.into(), Some(Bytes::from(text))) });
    let headers = record.headers.iter().cloned().chain(added).collect();
    NewRecord { key: record.key.clone(), value: record.value.clone(), headers }
}

#[cfg(test)]
mod tests {
    use barrage::event::header_text;
    use barrage::position::{Offset, Position};

    use super::*;

    #[test]
    fn a_dead_letter_is_the_record_with_its_origin_and_the_reason() {
        let record = Received {
            position: Position {
                topic: "barrage-info".parse().unwrap(),
                partition: 3,
                offset: Offset::new(70_001).unwrap(),
            },
            key: Some(Bytes::from_static(b"b/3")),
            value: Some(Bytes::from_static(b"not json")),
            headers: vec![("ce_id".into(), Some(Bytes::from_static(b"1"))), ("null".into(), None)],
        };
        let letter = dead_letter(&record, "not JSON", 2, Millis(1_700_000_000_123));
        assert_eq!(letter.key, record.key);
        assert_eq!(letter.value, record.value);
        assert_eq!(letter.headers[..2], record.headers);
        for (name, value) in [
            ("barrage_reason", "not JSON"),
            ("barrage_attempts", "2"),
            ("barrage_source_topic", "barrage-info"),
            ("barrage_source_partition", "3"),
            ("barrage_source_offset", "70001"),
            ("barrage_failed_at", "2023-11-14T22:13:20.123Z"),
        ] {
            assert_eq!(header_text(&letter.headers, name), Some(value), "{name}");
        }
    }
}

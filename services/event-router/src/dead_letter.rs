//! Dead letters: records that can never be stored, kept with the reason.

use std::time::Duration;

use barrage::event::Header;
use barrage::kafka::{ConsumerRecord, PermissionProbe, Producer, ProducerRecord};
use barrage::position::Position;
use barrage::retry::{Backoff, Fate};
use barrage::shutdown::with_sources;
use barrage::time::Millis;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::in_flight_record::InFlightRecord;

/// Writes dead letters, any number at once.
pub(crate) struct DeadLetters {
    writer: Writer,
    running: FuturesUnordered<BoxFuture<'static, InFlightRecord>>,
}

#[derive(Clone)]
struct Writer {
    producer: Producer,
    permission: PermissionProbe,
}

impl DeadLetters {
    pub(crate) fn new(producer: Producer, permission: PermissionProbe) -> Self {
        Self { writer: Writer { producer, permission }, running: FuturesUnordered::new() }
    }

    /// Begins to write the dead letter of a record.
    pub(crate) fn start(&mut self, record: InFlightRecord, reason: String) {
        self.running.push(Box::pin(self.writer.clone().write(record, reason)));
    }

    /// The next record whose dead letter Kafka has acknowledged. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<InFlightRecord> {
        self.running.next().await
    }

    /// How many dead letters are not acknowledged yet.
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }
}

impl Writer {
    /// Tries until Kafka has acknowledged the dead letter. The record is not finished meanwhile.
    async fn write(self, record: InFlightRecord, reason: String) -> InFlightRecord {
        let at = &record.received.position;
        let added = added_headers(at, &reason, record.attempts, Millis::now());
        let mut part = Part::Whole;
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        loop {
            let sent = self.producer.send(&dead_letter(&record.received, &added, part)).await;
            self.permission.observe(&sent);
            let Err(error) = sent else { return record };
            let why = with_sources(&error);
            if backoff.failures() == 0 {
                tracing::warn!(error = %why, %at, "kafka did not accept the dead letter of {at}; it is tried again");
            }
            if error.fate() == Fate::Final {
                part = part.smaller();
            }
            backoff.wait().await;
        }
    }
}

/// How much of its record a dead letter carries. The added headers can make it larger than the topic allows;
/// they say where the whole record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    WithoutValue,
    AddedHeaders,
}

impl Part {
    fn smaller(self) -> Self {
        match self {
            Self::Whole => Self::WithoutValue,
            Self::WithoutValue | Self::AddedHeaders => Self::AddedHeaders,
        }
    }
}

/// The most characters of a reason. It may come from a processor that is not ours.
const REASON_CHARS: usize = 1000;

/// The headers that say why a record is a dead letter and where the record is.
fn added_headers(at: &Position, reason: &str, attempts: u32, failed_at: Millis) -> Vec<Header> {
    let texts = [
        ("barrage_reason", reason.chars().take(REASON_CHARS).collect()),
        ("barrage_attempts", attempts.to_string()),
        ("barrage_source_topic", at.topic.to_string()),
        ("barrage_source_partition", at.partition.to_string()),
        ("barrage_source_offset", at.offset.to_string()),
        ("barrage_failed_at", failed_at.rfc3339().to_string()),
    ];
    texts.map(|(name, text)| (name.into(), Some(Bytes::from(text)))).into()
}

/// The record, unchanged, with the added headers. If a part is left out, one more header says so.
fn dead_letter(record: &ConsumerRecord, added: &[Header], part: Part) -> ProducerRecord {
    let whole = ProducerRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: [&record.headers, added].concat(),
    };
    let dropped = |what: &'static str| (what.into(), Some(Bytes::from_static(b"true")));
    match part {
        Part::Whole => whole,
        Part::WithoutValue => {
            let headers = [whole.headers, vec![dropped("barrage_value_dropped")]].concat();
            ProducerRecord { value: None, headers, ..whole }
        }
        Part::AddedHeaders => {
            let headers = [added, &[dropped("barrage_record_dropped")]].concat();
            ProducerRecord { key: None, value: None, headers }
        }
    }
}

#[cfg(test)]
mod tests {
    use barrage::event::header_text;
    use barrage::position::Offset;

    use super::*;

    fn record() -> ConsumerRecord {
        ConsumerRecord {
            position: Position {
                topic: "barrage-info".parse().unwrap(),
                partition: 3,
                offset: Offset::new(70_001).unwrap(),
            },
            key: Some(Bytes::from_static(b"b/3")),
            value: Some(Bytes::from_static(b"not json")),
            headers: vec![("ce_id".into(), Some(Bytes::from_static(b"1"))), ("null".into(), None)],
            unreadable_header: None,
        }
    }

    fn letter(part: Part) -> ProducerRecord {
        let reason = format!("not JSON{}", "!".repeat(2000));
        let added = added_headers(&record().position, &reason, 2, Millis(1_700_000_000_123));
        dead_letter(&record(), &added, part)
    }

    #[test]
    fn a_dead_letter_is_the_record_with_its_position_and_the_reason() {
        let letter = letter(Part::Whole);
        assert_eq!((letter.key, letter.value), (record().key, record().value));
        assert_eq!(letter.headers[..2], record().headers);
        let reason = format!("not JSON{}", "!".repeat(992));
        for (name, value) in [
            ("barrage_reason", reason.as_str()),
            ("barrage_attempts", "2"),
            ("barrage_source_topic", "barrage-info"),
            ("barrage_source_partition", "3"),
            ("barrage_source_offset", "70001"),
            ("barrage_failed_at", "2023-11-14T22:13:20.123Z"),
        ] {
            assert_eq!(header_text(&letter.headers, name), Some(value), "{name}");
        }
    }

    #[test]
    fn a_dead_letter_that_is_too_large_says_what_is_left_out_and_where_the_record_is() {
        let without_value = letter(Part::Whole.smaller());
        assert_eq!((without_value.key, without_value.value), (record().key, None));
        assert_eq!(header_text(&without_value.headers, "barrage_value_dropped"), Some("true"));
        assert_eq!(without_value.headers[..2], record().headers);
        for part in [Part::WithoutValue.smaller(), Part::AddedHeaders.smaller()] {
            let headers_only = letter(part);
            assert_eq!((headers_only.key, headers_only.value), (None, None));
            assert_eq!(header_text(&headers_only.headers, "barrage_record_dropped"), Some("true"));
            assert_eq!(header_text(&headers_only.headers, "barrage_source_offset"), Some("70001"));
            assert_eq!(headers_only.headers.len(), 7);
        }
    }
}

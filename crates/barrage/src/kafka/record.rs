//! Records as Kafka has them: what a consumer receives and what a producer sends.

use bytes::Bytes;
use rdkafka::message::{BorrowedMessage, Message as _};

use super::copies::Copies;
use super::headers::Headers;
use crate::event::{Header, RecordParts};
use crate::position::{Offset, Position, Topic};

/// A record as it was received.
#[derive(Clone, Debug)]
pub struct ConsumerRecord {
    pub position: Position,
    pub key: Option<Bytes>,
    /// `None` for a tombstone, which deletes its key in a compacted topic.
    pub value: Option<Bytes>,
    /// In their order, without those whose names are not UTF-8.
    pub headers: Vec<Header>,
    /// The first header whose name is not UTF-8, counted from 1.
    pub unreadable_header: Option<usize>,
}

impl ConsumerRecord {
    /// Copies a record out of librdkafka's buffers. `None` when its offset is negative, which no record has.
    pub(super) fn of(message: &BorrowedMessage<'_>, topic: &Topic) -> Option<Self> {
        let parts = [message.key(), message.payload()];
        let size: usize = parts.iter().flatten().map(|part| part.len()).sum();
        let mut copies = Copies::with_capacity(size + Headers::expected_size(message));
        let [key, value] = parts.map(|part| part.map(|part| copies.add(part)));
        let Headers { readable, first_unreadable } = Headers::of(message, &mut copies);
        let (topic, partition) = (topic.clone(), message.partition());
        Some(Self {
            position: Position { topic, partition, offset: Offset::new(message.offset())? },
            key,
            value,
            headers: readable,
            unreadable_header: first_unreadable,
        })
    }

    /// What decides which event the record is.
    pub fn parts(&self) -> RecordParts<'_> {
        RecordParts {
            position: &self.position,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &self.headers,
        }
    }

    /// The bytes of its key, value and headers, which is about the memory that it takes.
    pub fn size(&self) -> usize {
        let header = |(name, value): &Header| name.len() + value.as_ref().map_or(0, Bytes::len);
        let parts = [&self.key, &self.value].map(|part| part.as_ref().map_or(0, Bytes::len));
        parts.iter().sum::<usize>() + self.headers.iter().map(header).sum::<usize>()
    }
}

/// A record to be sent. Kafka chooses the partition by the key.
#[derive(Clone, Debug, Default)]
pub struct ProducerRecord {
    /// Records with the same key go to the same partition and keep their order.
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    /// In the order in which they are sent.
    pub headers: Vec<Header>,
}

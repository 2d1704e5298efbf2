//! Records byte for byte: what a client that is no homepage may send.

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
    producer::FutureRecord,
};

use super::{Kafka, deliver, headers, headers::envelope};
use crate::message::Position;

/// What a record carries. To Kafka, `None` is not the same as no bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub key: Option<Vec<u8>>,
    /// A record without a value is a tombstone.
    pub value: Option<Vec<u8>>,
    /// In the order of the record; a name may come twice.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Kafka {
    /// Sends this to a partition and waits until Kafka has acknowledged it.
    pub async fn send_content(&self, topic: &str, partition: i32, content: &Content) -> Position {
        deliver(&self.producer(), content.to_record(topic, partition)).await
    }
}

impl Content {
    /// A record with this value and the headers that make it a message.
    pub fn message(value: impl Into<Vec<u8>>) -> Self {
        let headers = envelope();
        let headers =
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
        Self { key: None, value: Some(value.into()), headers: headers.collect() }
    }

    /// The record with this content.
    pub(super) fn to_record<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
    ) -> FutureRecord<'a, [u8], [u8]> {
        let headers = self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_ref() })
        });
        let record = FutureRecord::to(topic).partition(partition).headers(headers);
        FutureRecord { key: self.key.as_deref(), payload: self.value.as_deref(), ..record }
    }

    /// The value of a header, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    /// The same with this value of a header, in place of another one if it has the header already.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        let value = Some(value.into());
        match self.headers.iter_mut().find(|(header, _)| header == name) {
            Some(header) => header.1 = value,
            None => self.headers.push((name.into(), value)),
        }
        self
    }
}

impl From<&BorrowedMessage<'_>> for Content {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let bytes = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
        Self {
            key: bytes(message.key()),
            value: bytes(message.payload()),
            headers: headers::read(message),
        }
    }
}

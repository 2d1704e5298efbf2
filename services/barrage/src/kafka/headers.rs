//! Reads the headers of a record, whatever a foreign producer has called them.

use std::panic::catch_unwind;

use bytes::Bytes;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message as _};

use crate::event::Header;

/// What can be read of a record's headers.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Those that have a name, in order.
    pub(super) headers: Vec<Header>,
    /// The first that has none, counted from 1.
    pub(super) unreadable: Option<usize>,
}

impl Read {
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        let mut read = Self::default();
        let Some(headers) = message.headers() else { return read };
        for at in 0..headers.count() {
            match header(headers, at) {
                Some(header) => read.headers.push(header),
                None => read.unreadable = read.unreadable.or(Some(at + 1)),
            }
        }
        read
    }
}

/// `None` where the name is not UTF-8: to Kafka a name is any bytes, but rdkafka has no other way to
/// read one than a way that panics. That would end the thread that polls, and end it again at each
/// restart, since nothing is committed past such a record. It leaves a word on stderr.
fn header(headers: &BorrowedHeaders, at: usize) -> Option<Header> {
    let header = catch_unwind(|| headers.try_get(at)).ok()??;
    Some((header.key.to_owned(), header.value.map(Bytes::copy_from_slice)))
}

//! Reads the headers of a record, whatever a foreign producer has called them.

use std::{
    cell::Cell,
    panic::{UnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

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
/// restart, since nothing is committed past such a record.
fn header(headers: &BorrowedHeaders, at: usize) -> Option<Header> {
    let header = catch_quietly(|| headers.try_get(at))??;
    Some((header.key.to_owned(), header.value.map(Bytes::copy_from_slice)))
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// `None` where this panics, without a word of it: the record's dead letter says what is wrong, and a
/// foreign producer must not fill the log with panics.
fn catch_quietly<T>(read: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                before(panic);
            }
        }));
    });
    IS_QUIET.set(true);
    let read = catch_unwind(read).ok();
    IS_QUIET.set(false);
    read
}

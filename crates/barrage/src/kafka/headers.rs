//! Reads the headers of a record, whatever names a foreign producer has given them.

use std::{
    cell::Cell,
    panic::{UnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

use bytestring::ByteString;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message as _};

use super::copies::Copies;
use crate::event::Header;

/// The headers of one record.
#[derive(Debug, Default)]
pub(super) struct Headers {
    /// Those whose names are UTF-8, in their order.
    pub(super) readable: Vec<Header>,
    /// The first of the others, counted from 1 among all.
    pub(super) first_unreadable: Option<usize>,
}

impl Headers {
    /// About how many bytes names and values take: those of our records are 45 bytes each, in the mean. A record with
    /// very many headers is none of ours.
    pub(super) fn expected_size(message: &BorrowedMessage<'_>) -> usize {
        message.headers().map_or(0, |headers| 64 * headers.count().min(32))
    }

    pub(super) fn of(message: &BorrowedMessage<'_>, copies: &mut Copies) -> Self {
        let mut all = Self::default();
        let Some(headers) = message.headers() else { return all };
        for index in 0..headers.count() {
            match header(headers, index, copies) {
                Some(header) => all.readable.push(header),
                None => all.first_unreadable = all.first_unreadable.or(Some(index + 1)),
            }
        }
        all
    }
}

/// `None` when the name is not UTF-8.
///
/// For Kafka a name is any bytes, but every function of rdkafka that reads one panics when it is not
/// UTF-8. The panic would end the polling thread, and end it again after each restart, because nothing is
/// committed past such a record. So it is caught here.
fn header(headers: &BorrowedHeaders, index: usize, copies: &mut Copies) -> Option<Header> {
    let header = catch_quietly(|| headers.try_get(index))??;
    let name = ByteString::try_from(copies.add(header.key.as_bytes())).ok()?;
    Some((name, header.value.map(|value| copies.add(value))))
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// `None` when `read` panics. The panic is not logged: the record's dead letter gives the reason, and a
/// foreign producer must not be able to fill the log.
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

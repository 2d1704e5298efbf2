//! The headers of a record: those that make it a message, and how to read those of any record.

use std::{
    cell::Cell,
    panic::{UnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
};
use uuid::Uuid;

/// The headers that make a record a message.
pub fn envelope() -> OwnedHeaders {
    let id = Uuid::now_v7().to_string();
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", id.as_str()),
        ("ce_type", "barrage.message.sent.v1"),
        ("ce_source", "/tests"),
        ("content-type", "application/json"),
    ];
    attributes.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}

/// The headers, in order, without those whose name is no text: rdkafka panics when it reads one of them.
pub(super) fn read(message: &BorrowedMessage<'_>) -> Vec<(String, Option<Vec<u8>>)> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let read = |at| catch_quietly(|| headers.get(at));
    let owned = |it: Header<'_, &[u8]>| (it.key.to_owned(), it.value.map(<[u8]>::to_vec));
    (0..headers.count()).filter_map(read).map(owned).collect()
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Catches a panic and keeps its message out of the output, where it would hide what a test says.
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

//! A row as the API shows it: a bullet of the feed, or a line of a burst's results.

use barrage::table::Row;
use barrage::time::Millis;
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
pub(crate) struct RowJson<'a> {
    id: &'a str,
    message: &'a str,
    /// A bullet has none: every bullet is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    burst: Uuid,
    sender: u32,
    seq: u64,
    processor: &'a str,
    partition: i32,
    offset: i64,
    sent_at: Millis,
    /// A result has none, so that NDJSON and CSV have the same columns. Older rows have none either.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Millis>,
    received_at: Millis,
    stored_at: Millis,
    trace: &'a str,
    /// Left out if the sender has typed none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> RowJson<'a> {
    pub(crate) fn bullet(row: &'a Row) -> Self {
        Self {
            id: &row.id,
            message: &row.message,
            verdict: None,
            burst: row.burst,
            sender: row.sender,
            seq: row.seq,
            processor: &row.processor,
            partition: row.position.partition,
            offset: row.position.offset.get(),
            sent_at: row.sent_at,
            read_at: row.read_at,
            received_at: row.received_at,
            stored_at: row.stored_at,
            trace: &row.trace,
            name: row.name.as_deref(),
        }
    }

    pub(crate) fn result(row: &'a Row) -> Self {
        Self { verdict: Some(row.verdict.as_str()), read_at: None, ..Self::bullet(row) }
    }

    /// The cells of a result in CSV. Each row has one for the name, the last one, which may be empty.
    pub(crate) fn cells(row: &'a Row) -> impl Serialize + use<'a> {
        (Self { name: None, ..Self::result(row) }, row.name.as_deref())
    }
}

//! The core: judges records, writes the rows of the valid ones, and answers with an outcome for each.

use std::slice;
use std::time::Duration;

use barrage::config::Instance;
use barrage::event::excerpt;
use barrage::message::Message;
use barrage::propagation::TraceParent;
use barrage::retry::Fate;
use barrage::table::{self, Row, Table};
use barrage::telemetry::Tracer;
use barrage::telemetry::spans::{self, MessageSpan};
use barrage::time::Millis;

use crate::metrics;
use crate::moderation::BlockedWords;
use crate::parse;
use crate::record::{Outcome, Record, Rejection};
use crate::simulated_work::Work;

/// Moderates messages and stores them. It keeps no state between calls.
#[derive(Debug)]
pub(crate) struct Processor {
    pub(crate) table: Table,
    /// How long rows are kept after they were stored.
    pub(crate) ttl: Duration,
    pub(crate) tracer: Tracer,
    pub(crate) instance: Instance,
    pub(crate) blocked: BlockedWords,
    pub(crate) work: Work,
}

/// The judged records of one call, before anything is written.
#[derive(Default)]
struct Judged {
    /// One for each record, in order; `None` for a valid record, which has the next of `rows`.
    rejections: Vec<Option<Rejection>>,
    rows: Vec<Row>,
    /// The spans of `rows`. They end when the rows are written.
    spans: Vec<MessageSpan>,
}

impl Processor {
    /// Stores the valid records. Returns one outcome for each record, in order. All positions must differ.
    ///
    /// # Errors
    /// If the table fails. Then any of the records may be stored, and all must be sent again.
    pub(crate) async fn process(&self, records: Vec<Record>) -> Result<Vec<Outcome>, table::Error> {
        let mut judged = self.judge(records).await;
        let stored_at = Millis::now();
        for row in &mut judged.rows {
            row.stored_at = stored_at;
            row.expires_at = stored_at.plus(self.ttl);
        }
        let mut written = self.write_traced(&judged.rows, &mut judged.spans).await?.into_iter();
        let outcomes = judged.rejections.into_iter().map(|rejection| match rejection {
            Some(rejection) => Outcome::Rejected(rejection),
            None => written.next().expect("each row has an outcome"),
        });
        Ok(outcomes.inspect(metrics::answered).collect())
    }

    async fn judge(&self, records: Vec<Record>) -> Judged {
        let received_at = Millis::now();
        let mut judged = Judged::default();
        for record in records {
            let (at, parent) = (&record.position, record.traceparent.as_ref());
            let mut span = spans::process(&self.tracer, at, parent);
            match parse::message(&record, received_at) {
                Ok(message) => {
                    self.work.work().await;
                    judged.rejections.push(None);
                    judged.rows.push(self.row(record, message, received_at, span.context()));
                    judged.spans.push(span);
                }
                Err(rejection) => {
                    tracing::warn!(id = excerpt(&record.id), %at, "rejected record {at}: {rejection}");
                    span.fail(&rejection);
                    judged.rejections.push(Some(rejection));
                }
            }
        }
        judged
    }

    fn row(&self, record: Record, message: Message, now: Millis, span: &TraceParent) -> Row {
        let sent_at = message.sent_at.0;
        Row {
            read_at: record.read_between(sent_at, now),
            position: record.position,
            id: record.id,
            source: Some(record.source).filter(|source| !source.is_empty()),
            verdict: self.blocked.verdict(&message.message, message.name.as_ref()),
            message: message.message.into(),
            burst: message.burst,
            sender: message.sender,
            seq: message.seq,
            processor: self.instance.as_str().to_owned(),
            sent_at,
            received_at: now,
            stored_at: now,
            trace: span.trace(),
            traceparent: span.sampled.then_some(*span),
            expires_at: now.plus(self.ttl),
            name: message.name.map(String::from),
        }
    }

    async fn write_traced(
        &self,
        rows: &[Row],
        parents: &mut [MessageSpan],
    ) -> Result<Vec<Outcome>, table::Error> {
        let table = self.table.name().as_str();
        let traced = parents.iter().map(MessageSpan::context).filter(|context| context.sampled);
        let mut writes: Vec<_> =
            traced.map(|context| spans::write(&self.tracer, table, rows.len(), context)).collect();
        let written = self.write(rows).await;
        if let Err(error) = &written {
            writes.iter_mut().chain(parents).for_each(|span| span.fail(error));
        }
        written
    }

    /// Writes all rows at once. If the table will never accept one of them, writes them one by one, so that
    /// this row is rejected and does not hold up the others for ever.
    async fn write(&self, rows: &[Row]) -> Result<Vec<Outcome>, table::Error> {
        match self.table.write(rows).await {
            Ok(()) => return Ok(rows.iter().map(|_| Outcome::Stored).collect()),
            Err(error) if error.fate() != Fate::Final => return Err(error),
            Err(error) => tracing::warn!(%error, "writing {} rows one by one", rows.len()),
        }
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            outcomes.push(match self.table.write(slice::from_ref(row)).await {
                Ok(()) => Outcome::Stored,
                Err(error) if error.fate() != Fate::Final => return Err(error),
                Err(error) => Outcome::Rejected(Rejection::Unstorable(error.to_string())),
            });
        }
        Ok(outcomes)
    }
}

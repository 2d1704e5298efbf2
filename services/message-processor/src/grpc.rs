//! The gRPC service `barrage.v1.MessageProcessor`.

use std::sync::Arc;

use barrage::table;
use barrage::time::Millis;
use proto::message_processor_server::MessageProcessor;
use proto::outcome::Kind;
use proto::{ProcessBatchRequest, ProcessBatchResponse};
use tonic::{Code, Request, Response, Status};

use crate::calls::{Calls, Error};
use crate::record::{self, Outcome, PositionError, Record};

#[derive(Debug)]
pub(crate) struct Grpc {
    calls: Arc<Calls>,
}

impl Grpc {
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }

    async fn serve(&self, request: ProcessBatchRequest) -> Result<ProcessBatchResponse, Error> {
        let records = request.records.into_iter().map(from_proto);
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let outcomes = self.calls.serve(records).await?;
        Ok(ProcessBatchResponse { outcomes: outcomes.into_iter().map(to_proto).collect() })
    }
}

#[tonic::async_trait]
impl MessageProcessor for Grpc {
    async fn process_batch(
        &self,
        request: Request<ProcessBatchRequest>,
    ) -> Result<Response<ProcessBatchResponse>, Status> {
        match self.serve(request.into_inner()).await {
            Ok(response) => Ok(Response::new(response)),
            Err(error) => {
                let code = code(&error);
                // A probe logs once that the table is away. The router sends the call again until it is back.
                if matches!(code, Code::Unavailable | Code::ResourceExhausted) {
                    tracing::debug!(%error, "a call failed: {error}");
                } else {
                    tracing::warn!(%error, "a call failed: {error}");
                }
                Err(Status::new(code, error.to_string()))
            }
        }
    }
}

/// A malformed `traceparent` counts as none, as W3C Trace Context demands.
fn from_proto(record: proto::Record) -> Result<Record, PositionError> {
    let at = record.position.ok_or(PositionError::Missing)?;
    let event = record.event.unwrap_or_default();
    Ok(Record {
        position: record::position(&at.topic, at.partition, at.offset)?,
        id: event.id,
        source: event.source,
        kind: event.r#type,
        data: record.data,
        traceparent: record.traceparent.parse().ok(),
        read_at: Some(Millis(record.read_at)).filter(|at| *at > Millis(0)),
    })
}

fn to_proto(outcome: Outcome) -> proto::Outcome {
    let (kind, reason) = match outcome {
        Outcome::Stored => (Kind::Stored, String::new()),
        Outcome::Rejected(rejection) => (Kind::Rejected, rejection.to_string()),
    };
    proto::Outcome { kind: kind.into(), reason }
}

/// The status of a call that failed.
fn code(error: &Error) -> Code {
    match error {
        Error::Malformed(_) | Error::TooManyRecords(_) => Code::InvalidArgument,
        Error::TooManyCalls(_) | Error::Table(table::Error::Throttled) => Code::ResourceExhausted,
        Error::Table(
            table::Error::Unreachable(_)
            | table::Error::NoTable(_)
            | table::Error::Denied(_)
            | table::Error::Other(_),
        ) => Code::Unavailable,
        // The processor makes these the outcomes of single records, so here they are its bug.
        Error::Table(table::Error::RowTooLarge | table::Error::Malformed { .. }) => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use proto::{CloudEvent, Position};

    use super::*;
    use crate::config::tests::parse;
    use crate::record::Rejection;

    fn record() -> proto::Record {
        proto::Record {
            position: Some(Position { topic: "t".into(), partition: 1, offset: 2 }),
            event: Some(CloudEvent {
                id: "i".into(),
                source: "/s".into(),
                r#type: "k".into(),
                ..Default::default()
            }),
            data: "{}".into(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
            tracestate: String::new(),
            read_at: 1_700_000_000_123,
        }
    }

    #[test]
    fn a_record_keeps_what_it_has() {
        let read = from_proto(record()).unwrap();
        assert_eq!(read.position.to_string(), "t/1@2");
        assert_eq!((read.id.as_str(), read.source.as_str(), read.kind.as_str()), ("i", "/s", "k"));
        assert_eq!(read.traceparent.unwrap().to_string(), record().traceparent);
        assert_eq!(read.read_at, Some(Millis(1_700_000_000_123)));
    }

    #[test]
    fn a_record_needs_nothing_but_a_position() {
        let bare = proto::Record { position: record().position, ..Default::default() };
        let bare = from_proto(bare).unwrap();
        assert_eq!((bare.traceparent, bare.read_at), (None, None));
        assert_eq!(from_proto(proto::Record::default()), Err(PositionError::Missing));
    }

    #[test]
    fn a_negative_time_counts_as_none() {
        let negative = proto::Record { read_at: i64::MIN, ..record() };
        assert_eq!(from_proto(negative).unwrap().read_at, None);
    }

    #[test]
    fn only_a_rejected_record_has_a_reason() {
        let stored = to_proto(Outcome::Stored);
        assert_eq!((stored.kind(), stored.reason.as_str()), (Kind::Stored, ""));
        let rejected = to_proto(Outcome::Rejected(Rejection::NotAnObject));
        assert_eq!(rejected.kind(), Kind::Rejected);
        assert_eq!(rejected.reason, "the data is not a JSON object");
    }

    #[test]
    fn each_error_has_its_status() {
        use table::Error as Table;
        let malformed = Table::Malformed { key: "s@1".into(), attribute: "id" };
        for (error, expected) in [
            (Error::Malformed(PositionError::Missing), Code::InvalidArgument),
            (Error::TooManyRecords(10_001), Code::InvalidArgument),
            (Error::TooManyCalls(1), Code::ResourceExhausted),
            (Error::Table(Table::Throttled), Code::ResourceExhausted),
            (Error::Table(Table::Unreachable("refused".into())), Code::Unavailable),
            (Error::Table(Table::NoTable(parse(&[]).unwrap().table.name)), Code::Unavailable),
            (Error::Table(Table::Denied("who?".into())), Code::Unavailable),
            (Error::Table(Table::Other("hm".into())), Code::Unavailable),
            (Error::Table(Table::RowTooLarge), Code::Internal),
            (Error::Table(malformed), Code::Internal),
        ] {
            assert_eq!(code(&error), expected, "{error}");
        }
    }
}

//! Valid records, calls with them, and outcomes in a short form.

use proto::outcome::Kind;
use proto::{CloudEvent, Position, ProcessBatchRequest, ProcessBatchResponse, Record};
use serde_json::json;

/// The parent of each record's span.
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// When each record was read from Kafka: one second after it was sent.
pub(crate) const READ_AT: i64 = 1_767_225_601_250;

pub(crate) fn data(message: &str) -> String {
    let burst = "019b76da-a800-7000-8000-00000000b0b5";
    let sent_at = "2026-01-01T00:00:00.250Z";
    json!({"message": message, "burst": burst, "sender": 3, "seq": 17, "sent_at": sent_at})
        .to_string()
}

/// A valid record of partition 2.
pub(crate) fn record(offset: i64, message: &str) -> Record {
    Record {
        position: Some(Position { topic: "barrage-info".into(), partition: 2, offset }),
        event: Some(CloudEvent {
            id: format!("id-{offset}"),
            source: "/homepage/test".into(),
            r#type: "barrage.message.sent.v1".into(),
            time: String::new(),
            datacontenttype: "application/json".into(),
        }),
        data: data(message).into(),
        traceparent: TRACEPARENT.into(),
        tracestate: String::new(),
        read_at: READ_AT,
    }
}

pub(crate) fn request(records: impl Into<Vec<Record>>) -> ProcessBatchRequest {
    ProcessBatchRequest { records: records.into() }
}

pub(crate) fn outcomes(response: &ProcessBatchResponse) -> Vec<(Kind, &str)> {
    response.outcomes.iter().map(|it| (it.kind(), it.reason.as_str())).collect()
}

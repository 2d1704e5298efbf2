//! Records of the contract, and the outcomes of calls in short.

use proto::outcome::Kind;
use proto::{CloudEvent, Position, ProcessBatchRequest, ProcessBatchResponse, Record};
use serde_json::json;

/// The span above each record.
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// When each record had been read from Kafka: a second after it was sent.
pub(crate) const READ_AT: i64 = 1_767_225_601_250;

/// The data of a message.
pub(crate) fn data(message: &str) -> String {
    let burst = "019b76da-a800-7000-8000-00000000b0b5";
    let sent_at = "2026-01-01T00:00:00.250Z";
    json!({"message": message, "burst": burst, "sender": 3, "seq": 17, "sent_at": sent_at})
        .to_string()
}

/// A record at this offset of partition 2.
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

/// A call with these records.
pub(crate) fn request(records: impl Into<Vec<Record>>) -> ProcessBatchRequest {
    ProcessBatchRequest { records: records.into() }
}

/// Kind and reason of each outcome.
pub(crate) fn outcomes(response: &ProcessBatchResponse) -> Vec<(Kind, &str)> {
    response.outcomes.iter().map(|it| (it.kind(), it.reason.as_str())).collect()
}

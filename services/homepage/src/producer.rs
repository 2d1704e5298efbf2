//! Sends messages to Kafka: from a text to an acknowledged record, with its spans and metrics.

use std::sync::Arc;

use barrage::event::{Event, Header};
use barrage::health::Probe;
use barrage::kafka::{self, PartitionOffsets, PermissionProbe, Producer, ProducerRecord};
use barrage::message::{EVENT_TYPE, Message, Name, Text};
use barrage::position::{Position, Topic};
use barrage::propagation::TraceParent;
use barrage::telemetry::Tracer;
use barrage::telemetry::spans;
use barrage::time::Millis;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::caller_trace::CallerTrace;
use crate::config::TraceNames;
use crate::metrics;

/// What Kafka has acknowledged to this process. The reader learns of it at once, without a poll.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    offsets: Mutex<PartitionOffsets>,
    changed: Notify,
}

impl Acks {
    fn add(&self, at: &Position) {
        let mut offsets = self.offsets.lock();
        let end = offsets.entry(at.partition).or_default();
        *end = (*end).max(at.offset.next());
        drop(offsets);
        self.changed.notify_one();
    }

    /// The offset after the last acknowledged record of each partition.
    pub(crate) fn offsets(&self) -> PartitionOffsets {
        self.offsets.lock().clone()
    }

    /// Forgets the offsets of a topic that was recreated.
    pub(crate) fn clear(&self) {
        self.offsets.lock().clear();
    }

    /// Waits until something was acknowledged since the last call. Cancel-safe.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct OutgoingMessage<'a> {
    /// The id of its event.
    pub(crate) id: Uuid,
    pub(crate) text: &'a Text,
    pub(crate) name: Option<&'a Name>,
    pub(crate) burst: Uuid,
    pub(crate) sender: u32,
    pub(crate) seq: u64,
    /// Traced even if the sampling would leave it out.
    pub(crate) traced: bool,
    /// The trace that it continues, if the caller has one.
    pub(crate) caller: Option<&'a CallerTrace>,
}

/// Sends messages and waits until Kafka has acknowledged them.
pub(crate) struct MessageProducer {
    pub(crate) producer: Producer,
    pub(crate) permission: PermissionProbe,
    /// Whether Kafka answers. An acknowledgement shows it sooner than the next check.
    pub(crate) kafka: Probe,
    pub(crate) acks: Arc<Acks>,
    pub(crate) tracer: Tracer,
    pub(crate) names: TraceNames,
    /// The share of messages that are traced, 0 to 1.
    pub(crate) sample: f64,
    pub(crate) topic: Topic,
    /// `ce_source` of every event: `/homepage/{instance}`.
    pub(crate) source: String,
}

impl MessageProducer {
    /// Sends one message. On `Ok`, Kafka has it. On an error, Kafka has not acknowledged it, but may have it.
    pub(crate) async fn send(
        &self,
        message: OutgoingMessage<'_>,
    ) -> Result<Position, kafka::Error> {
        let decision = message.caller.and_then(|caller| caller.decision);
        let traced =
            decision.unwrap_or_else(|| message.traced || rand::random::<f64>() < self.sample);
        let caller = message.caller.map(|caller| &caller.parent);
        let above = spans::accept(&self.tracer, &self.names.parent_span, traced, caller);
        let mut span =
            spans::send(&self.tracer, &self.names.send_span, &self.topic, above.context());
        let record = record(&message, &self.source, Millis::now(), span.context());
        let sent = self.producer.send(&record).await;
        self.permission.observe(&sent);
        match sent {
            Ok(position) => {
                span.set_position(&position);
                self.acks.add(&position);
                if !self.kafka.is_up() {
                    self.kafka.up();
                }
                metrics::message_accepted();
                Ok(position)
            }
            Err(error) => {
                span.fail(&error);
                metrics::message_failed();
                Err(error)
            }
        }
    }
}

fn record(
    message: &OutgoingMessage<'_>,
    source: &str,
    now: Millis,
    above: &TraceParent,
) -> ProducerRecord {
    let OutgoingMessage { id, text, name, burst, sender, seq, caller, .. } = *message;
    let sent_at = now.rfc3339();
    let event = Event {
        id: id.to_string(),
        source: source.to_owned(),
        kind: EVENT_TYPE.to_owned(),
        time: Some(sent_at.to_string()),
        content_type: Some("application/json".to_owned()),
        ..Event::default()
    };
    let header = |name: &str, value: String| -> Header { (name.into(), Some(Bytes::from(value))) };
    let traceparent = header("traceparent", above.to_string());
    let tracestate = caller.and_then(|caller| caller.state.as_ref());
    let tracestate = tracestate.map(|state| header("tracestate", state.as_str().to_owned()));
    let value = Message { message: text.clone(), burst, sender, seq, sent_at, name: name.cloned() };
    let value = serde_json::to_vec(&value).expect("a message is texts and numbers");
    ProducerRecord {
        key: Some(Bytes::from(format!("{burst}/{sender}"))),
        value: Some(Bytes::from(value)),
        headers: event.to_headers().into_iter().chain([traceparent]).chain(tracestate).collect(),
    }
}

#[cfg(test)]
mod tests {
    use barrage::event::header_text;

    use super::*;

    #[test]
    fn a_record_has_the_key_the_headers_and_the_value_of_the_contract() {
        let (text, name) = (Text::parse("hi").unwrap(), Name::parse("Ada").unwrap());
        let (id, burst) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let above = TraceParent { trace_id: 7, span_id: 9, sampled: true };
        let caller =
            CallerTrace { parent: above, state: Some("vendor=1".parse().unwrap()), decision: None };
        let message = OutgoingMessage {
            id,
            text: &text,
            name: Some(&name),
            burst,
            sender: 3,
            seq: 17,
            traced: false,
            caller: Some(&caller),
        };
        let record = record(&message, "/homepage/a", Millis(1_700_000_000_123), &above);
        for (name, value) in [
            ("ce_specversion", "1.0"),
            ("ce_id", "00000000-0000-0000-0000-000000000001"),
            ("ce_type", "barrage.message.sent.v1"),
            ("ce_source", "/homepage/a"),
            ("ce_time", "2023-11-14T22:13:20.123Z"),
            ("content-type", "application/json"),
            ("traceparent", "00-00000000000000000000000000000007-0000000000000009-01"),
            ("tracestate", "vendor=1"),
        ] {
            assert_eq!(header_text(&record.headers, name), Some(value), "{name}");
        }
        assert_eq!(record.key.unwrap(), "00000000-0000-0000-0000-000000000002/3");
        let value: Message = serde_json::from_slice(&record.value.unwrap()).unwrap();
        assert_eq!((value.sender, value.seq, value.burst), (3, 17, burst));
        assert_eq!(value.name, Some(name));
    }
}

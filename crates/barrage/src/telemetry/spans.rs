//! The spans of a message, all in one place. The article's names come from the configuration; the other
//! names and all attributes come from OpenTelemetry's semantic conventions for messaging and databases (1.44).

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status};
use opentelemetry_sdk::trace::Span;

use super::Tracer;
use crate::position::{Position, Topic};
use crate::propagation::TraceParent;

/// A span that ends when it is dropped. It records nothing when the message is not traced.
#[derive(Debug)]
pub struct MessageSpan {
    span: Option<Span>,
    parent: TraceParent,
}

impl MessageSpan {
    fn start(tracer: &Tracer, parent: &TraceParent, span: impl FnOnce() -> SpanBuilder) -> Self {
        let span = tracer.start(span, Some(parent));
        let parent = span.as_ref().map_or(*parent, context_of);
        Self { span, parent }
    }

    /// The parent for the span of the next hop.
    pub fn context(&self) -> &TraceParent {
        &self.parent
    }

    pub fn set_position(&mut self, position: &Position) {
        if let Some(span) = &mut self.span {
            span.set_attributes(position_attributes(position));
        }
    }

    pub fn fail(&mut self, reason: impl std::fmt::Display) {
        if let Some(span) = &mut self.span {
            span.set_status(Status::error(reason.to_string()));
        }
    }
}

fn context_of(span: &Span) -> TraceParent {
    let context = span.span_context();
    TraceParent {
        trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(context.span_id().to_bytes()),
        sampled: true,
    }
}

/// The homepage takes a message (the article's `PARENT_SPAN`): below the span of its caller, or else the root of a new
/// trace. `traced` decides whether it is recorded, and not what the caller's flag says.
pub fn accept(
    tracer: &Tracer,
    name: &str,
    traced: bool,
    caller: Option<&TraceParent>,
) -> MessageSpan {
    let builder = || SpanBuilder::from_name(name.to_owned()).with_kind(SpanKind::Server);
    let recorded = caller.map(|caller| TraceParent { sampled: true, ..*caller });
    let span = if traced { tracer.start(builder, recorded.as_ref()) } else { None };
    let parent = match (&span, caller) {
        (Some(span), _) => context_of(span),
        // The caller's trace passes through a homepage that records nothing.
        (None, Some(caller)) if caller.sampled && traced => *caller,
        (None, Some(caller)) => caller.unsampled_child(),
        (None, None) => TraceParent::unsampled(),
    };
    MessageSpan { span, parent }
}

/// The homepage sends the record to Kafka (the article's `SUB_SPAN1`).
pub fn send(tracer: &Tracer, name: &str, topic: &Topic, parent: &TraceParent) -> MessageSpan {
    MessageSpan::start(tracer, parent, || {
        SpanBuilder::from_name(name.to_owned())
            .with_kind(SpanKind::Producer)
            .with_attributes(messaging("send", topic.as_str()))
    })
}

/// The router has the record, from its receipt until it is finished.
pub fn route(
    tracer: &Tracer,
    at: &Position,
    group: &str,
    parent: Option<&TraceParent>,
) -> MessageSpan {
    continued(tracer, parent, || {
        let group = KeyValue::new("messaging.consumer.group.name", group.to_owned());
        let attributes = received("receive", at).chain([group]);
        SpanBuilder::from_name(format!("route {}", at.topic))
            .with_kind(SpanKind::Consumer)
            .with_attributes(attributes)
    })
}

/// The processor handles the record.
pub fn process(tracer: &Tracer, at: &Position, parent: Option<&TraceParent>) -> MessageSpan {
    continued(tracer, parent, || {
        SpanBuilder::from_name(format!("process {}", at.topic))
            .with_kind(SpanKind::Consumer)
            .with_attributes(received("process", at))
    })
}

/// The processor writes the row, together with others.
pub fn write(tracer: &Tracer, table: &str, rows: usize, parent: &TraceParent) -> MessageSpan {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    MessageSpan::start(tracer, parent, || {
        let attributes = [
            KeyValue::new("db.system.name", "aws.dynamodb"),
            KeyValue::new("db.operation.name", "BatchWriteItem"),
            KeyValue::new("db.operation.batch.size", rows),
            KeyValue::new("db.collection.name", table.to_owned()),
        ];
        SpanBuilder::from_name(format!("BatchWriteItem {table}"))
            .with_kind(SpanKind::Client)
            .with_attributes(attributes)
    })
}

/// The homepage has read the row and shows it (the article's `SUB_SPAN2`).
pub fn result(tracer: &Tracer, name: &str, at: &Position, parent: &TraceParent) -> MessageSpan {
    MessageSpan::start(tracer, parent, || {
        SpanBuilder::from_name(name.to_owned())
            .with_kind(SpanKind::Internal)
            .with_attributes(position_attributes(at))
    })
}

/// A span for a record. A record without a `traceparent` belongs to no trace, so its span records nothing.
fn continued(
    tracer: &Tracer,
    parent: Option<&TraceParent>,
    span: impl FnOnce() -> SpanBuilder,
) -> MessageSpan {
    match parent {
        Some(parent) => MessageSpan::start(tracer, parent, span),
        None => MessageSpan { span: None, parent: TraceParent::unsampled() },
    }
}

/// The attributes of a span for a record that has its position.
fn received(operation: &'static str, at: &Position) -> impl Iterator<Item = KeyValue> {
    messaging(operation, at.topic.as_str()).into_iter().chain(position_attributes(at))
}

fn messaging(operation: &'static str, topic: &str) -> [KeyValue; 4] {
    [
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.destination.name", topic.to_owned()),
    ]
}

fn position_attributes(at: &Position) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.destination.partition.id", at.partition.to_string()),
        KeyValue::new("messaging.kafka.offset", at.offset.get()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: TraceParent = TraceParent { trace_id: 7, span_id: 9, sampled: false };

    #[test]
    fn a_message_that_is_not_recorded_keeps_the_trace_id_of_its_caller() {
        for traced in [true, false] {
            let context = *accept(&Tracer::OFF, "accept", traced, Some(&CALLER)).context();
            assert_eq!((context.trace_id, context.sampled), (CALLER.trace_id, false));
        }
    }

    #[test]
    fn the_trace_of_a_caller_who_decides_passes_through_a_homepage_without_tracing() {
        let caller = TraceParent { sampled: true, ..CALLER };
        assert_eq!(accept(&Tracer::OFF, "accept", true, Some(&caller)).context(), &caller);
    }
}

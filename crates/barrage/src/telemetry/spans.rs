//! The spans of a message on its way, all in one place: the article's names come from the configuration,
//! the others and all attributes from the OpenTelemetry conventions for messaging and databases (1.44).

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status};
use opentelemetry_sdk::trace::Span;

use super::Tracer;
use crate::position::{Position, Topic};
use crate::propagation::TraceParent;

/// A span that runs until it is dropped; or nothing, when this message is not traced.
#[derive(Debug)]
pub struct MessageSpan {
    span: Option<Span>,
    parent: TraceParent,
}

impl MessageSpan {
    fn start(tracer: &Tracer, span: SpanBuilder, parent: Option<&TraceParent>) -> Self {
        let span = tracer.start(span, parent);
        let parent = span.as_ref().map(context_of).or(parent.copied());
        Self { span, parent: parent.unwrap_or_else(TraceParent::unsampled) }
    }

    /// What the next hop takes as its parent.
    pub fn context(&self) -> &TraceParent {
        &self.parent
    }

    pub fn set_position(&mut self, position: &Position) {
        if let Some(span) = &mut self.span {
            span.set_attributes(place(position));
        }
    }

    /// Notes that it failed.
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

/// A person's message enters: the parent of all (the article's `PARENT_SPAN`).
pub fn accept(tracer: &Tracer, name: &str, traced: bool) -> MessageSpan {
    let span = SpanBuilder::from_name(name.to_owned()).with_kind(SpanKind::Server);
    if traced {
        MessageSpan::start(tracer, span, None)
    } else {
        MessageSpan { span: None, parent: TraceParent::unsampled() }
    }
}

/// A record is sent to Kafka (the article's `SUB_SPAN1`).
pub fn send(tracer: &Tracer, name: &str, topic: &Topic, above: &TraceParent) -> MessageSpan {
    let attributes = messaging("send", topic.as_str());
    let span = SpanBuilder::from_name(name.to_owned()).with_kind(SpanKind::Producer);
    MessageSpan::start(tracer, span.with_attributes(attributes), Some(above))
}

/// The router has a record, from its receipt until it is finished.
pub fn route(
    tracer: &Tracer,
    at: &Position,
    group: &str,
    above: Option<&TraceParent>,
) -> MessageSpan {
    let group = KeyValue::new("messaging.consumer.group.name", group.to_owned());
    let attributes =
        messaging("receive", at.topic.as_str()).into_iter().chain(place(at)).chain([group]);
    let span = SpanBuilder::from_name(format!("route {}", at.topic)).with_kind(SpanKind::Consumer);
    below(tracer, span.with_attributes(attributes.collect::<Vec<_>>()), above)
}

/// The processor has a record.
pub fn process(tracer: &Tracer, at: &Position, above: Option<&TraceParent>) -> MessageSpan {
    let attributes = messaging("process", at.topic.as_str()).into_iter().chain(place(at));
    let span =
        SpanBuilder::from_name(format!("process {}", at.topic)).with_kind(SpanKind::Consumer);
    below(tracer, span.with_attributes(attributes.collect::<Vec<_>>()), above)
}

/// A row is written, together with others.
pub fn write(tracer: &Tracer, table: &str, rows: usize, above: &TraceParent) -> MessageSpan {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let attributes = vec![
        KeyValue::new("db.system.name", "aws.dynamodb"),
        KeyValue::new("db.operation.name", "BatchWriteItem"),
        KeyValue::new("db.operation.batch.size", rows),
        KeyValue::new("db.collection.name", table.to_owned()),
    ];
    let span =
        SpanBuilder::from_name(format!("BatchWriteItem {table}")).with_kind(SpanKind::Client);
    MessageSpan::start(tracer, span.with_attributes(attributes), Some(above))
}

/// A row was read and is shown (the article's `SUB_SPAN2`).
pub fn result(tracer: &Tracer, name: &str, at: &Position, above: &TraceParent) -> MessageSpan {
    let span = SpanBuilder::from_name(name.to_owned()).with_kind(SpanKind::Internal);
    MessageSpan::start(tracer, span.with_attributes(place(at)), Some(above))
}

/// A span of a record that may have come without a trace: then there is nothing to go on with.
fn below(tracer: &Tracer, span: SpanBuilder, above: Option<&TraceParent>) -> MessageSpan {
    match above {
        Some(above) => MessageSpan::start(tracer, span, Some(above)),
        None => MessageSpan { span: None, parent: TraceParent::unsampled() },
    }
}

fn messaging(operation: &'static str, topic: &str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.destination.name", topic.to_owned()),
    ]
}

fn place(at: &Position) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.destination.partition.id", at.partition.to_string()),
        KeyValue::new("messaging.kafka.offset", at.offset.get()),
    ]
}

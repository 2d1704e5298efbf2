//! A record in flight: read from Kafka and not finished yet.

use barrage::event::{Event, RecordError, header_text};
use barrage::kafka::ConsumerRecord;
use barrage::position::{Offset, Partition};
use barrage::propagation::TraceParent;
use barrage::telemetry::Tracer;
use barrage::telemetry::spans::{self, MessageSpan};
use barrage::time::Millis;
use bytes::Bytes;

use crate::assignment::Generation;
use crate::batch::BatchSize;
use crate::filter::Filters;

/// A record that was read and is not finished.
#[derive(Debug)]
pub(crate) struct InFlightRecord {
    /// The record as it was received, for its dead letter.
    pub(crate) received: ConsumerRecord,
    /// When the router received it.
    pub(crate) read_at: Millis,
    /// What is sent to a processor, or why nothing can be sent.
    pub(crate) envelope: Result<Envelope, EnvelopeError>,
    /// How often a processor has answered for it.
    pub(crate) attempts: u32,
    /// The generation of its partition in which it was read.
    pub(crate) generation: Generation,
    /// Ends when the record is finished.
    pub(crate) span: MessageSpan,
}

/// Why a record cannot be sent to any processor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    #[error(transparent)]
    Event(#[from] RecordError),
    /// The client library cannot read such a header, and it may be an important one.
    #[error("the name of header {0} is not UTF-8; headers with such names are missing here")]
    HeaderName(usize),
    /// gRPC would refuse a call with this record alone, each time.
    #[error("the record has {0} bytes, at most {max} fit in a call", max = BatchSize::BYTES)]
    TooLarge(usize),
}

/// The event of a record, its data, and its trace state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) event: Event,
    pub(crate) data: Bytes,
    pub(crate) tracestate: String,
}

/// Where a new record goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Forward,
    /// Nowhere: a filter does not let it pass, so it is finished.
    Filtered,
    /// To the dead-letter topic, for this reason.
    DeadLetter(String),
}

impl Envelope {
    /// Reads the headers, and the value if it is the event.
    fn read(received: &ConsumerRecord) -> Result<Self, EnvelopeError> {
        if let Some(at) = received.unreadable_header {
            return Err(EnvelopeError::HeaderName(at));
        }
        let size = received.size();
        if size > BatchSize::BYTES {
            return Err(EnvelopeError::TooLarge(size));
        }
        let read = received.parts().event()?;
        let data = read.form.data(received.value.as_ref());
        let tracestate = trace_context(received, Some(&read.event), "tracestate");
        let tracestate = tracestate.unwrap_or_default().to_owned();
        Ok(Self { event: read.event, data, tracestate })
    }
}

impl InFlightRecord {
    /// Reads the clock and the envelope, and starts the span.
    pub(crate) fn new(
        received: ConsumerRecord,
        generation: Generation,
        tracer: &Tracer,
        group: &str,
    ) -> Self {
        let read_at = Millis::now();
        let mut envelope = Envelope::read(&received);
        let event = envelope.as_ref().ok().map(|envelope| &envelope.event);
        let parent = trace_context(&received, event, "traceparent");
        let parent = parent.and_then(|text| text.parse::<TraceParent>().ok());
        // A `tracestate` counts only together with a valid `traceparent`.
        if let (None, Ok(envelope)) = (parent, &mut envelope) {
            envelope.tracestate.clear();
        }
        let span = spans::route(tracer, &received.position, group, parent.as_ref());
        Self { received, read_at, envelope, attempts: 0, generation, span }
    }

    /// Decides where the record goes first.
    pub(crate) fn route(&self, filters: &Filters) -> Route {
        match &self.envelope {
            Err(error) => Route::DeadLetter(error.to_string()),
            Ok(envelope) if filters.pass(&envelope.event) => Route::Forward,
            Ok(_) => Route::Filtered,
        }
    }

    pub(crate) fn partition(&self) -> Partition {
        self.received.position.partition
    }

    pub(crate) fn offset(&self) -> Offset {
        self.received.position.offset
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        self.received.size()
    }

    /// The record as a call carries it; `None` if it has no valid envelope.
    pub(crate) fn to_proto(&self) -> Option<proto::Record> {
        let Envelope { event, data, tracestate } = self.envelope.as_ref().ok()?;
        let at = &self.received.position;
        Some(proto::Record {
            position: Some(proto::Position {
                topic: at.topic.to_string(),
                partition: at.partition,
                offset: at.offset.get(),
            }),
            event: Some(proto::CloudEvent {
                id: event.id.clone(),
                source: event.source.clone(),
                r#type: event.kind.clone(),
                time: event.time.clone().unwrap_or_default(),
                datacontenttype: event.content_type.clone().unwrap_or_default(),
            }),
            data: data.clone(),
            traceparent: self.span.context().to_string(),
            tracestate: tracestate.clone(),
            read_at: self.read_at.0,
        })
    }
}

/// W3C Trace Context is in a header of the record, or is an attribute of its event: an event in structured mode may
/// be all that its sender can write.
fn trace_context<'a>(
    received: &'a ConsumerRecord,
    event: Option<&'a Event>,
    name: &str,
) -> Option<&'a str> {
    header_text(&received.headers, name).or_else(|| event?.attribute(name))
}

#[cfg(test)]
mod tests {
    use barrage::position::Position;

    use super::*;

    fn received(value: usize) -> ConsumerRecord {
        let event =
            Event { id: "1".into(), source: "/s".into(), kind: "t".into(), ..Event::default() };
        let position =
            Position { topic: "t".parse().unwrap(), partition: 0, offset: Offset::default() };
        let state = ("tracestate".into(), Some(Bytes::from_static(b"a=b")));
        let headers = [event.to_headers(), vec![state]].concat();
        let value = Some(vec![b' '; value].into());
        ConsumerRecord { position, key: None, value, headers, unreadable_header: None }
    }

    #[test]
    fn a_record_that_is_too_large_for_a_call_is_not_forwarded() {
        let most = BatchSize::BYTES - received(0).size();
        assert!(Envelope::read(&received(most)).is_ok());
        let error = Envelope::read(&received(most + 1)).unwrap_err().to_string();
        assert_eq!(error, "the record has 2097153 bytes, at most 2097152 fit in a call");
    }

    #[test]
    fn a_record_with_a_header_name_that_is_not_utf_8_is_not_forwarded() {
        let record = ConsumerRecord { unreadable_header: Some(2), ..received(1) };
        assert_eq!(Envelope::read(&record), Err(EnvelopeError::HeaderName(2)));
    }

    #[test]
    fn a_record_is_forwarded_filtered_or_dead_lettered() {
        let record = |received| InFlightRecord::new(received, 1, &Tracer::OFF, "group");
        let route = |filters: &str| record(received(1)).route(&filters.parse().unwrap());
        assert_eq!(route("[]"), Route::Forward);
        assert_eq!(route(r#"[{"exact":{"id":"2"}}]"#), Route::Filtered);
        let mut partial = received(1);
        partial.headers.retain(|(name, _)| name != "ce_id");
        let reason = "not a CloudEvent: header ce_id is missing".to_owned();
        assert_eq!(record(partial).route(&Filters::default()), Route::DeadLetter(reason));
    }

    #[test]
    fn a_record_without_an_envelope_is_forwarded_as_its_wrapped_event_and_filtered_by_that() {
        let bare = ConsumerRecord { headers: Vec::new(), ..received(1) };
        let record = InFlightRecord::new(bare, 1, &Tracer::OFF, "group");
        let route = |filters: &str| record.route(&filters.parse().unwrap());
        assert_eq!(route(r#"[{"exact":{"type":"dev.knative.kafka.event"}}]"#), Route::Forward);
        assert_eq!(route(r#"[{"exact":{"type":"barrage.message.sent.v1"}}]"#), Route::Filtered);
        let proto = record.to_proto().unwrap();
        assert_eq!(
            (proto.event.unwrap().id.as_str(), proto.data),
            ("partition:0/offset:0", " ".into())
        );
    }

    #[test]
    fn a_record_in_structured_mode_is_forwarded_with_its_inner_data() {
        let value = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}"#;
        let mode = b"application/cloudevents+json";
        let headers = vec![("content-type".into(), Some(Bytes::from_static(mode)))];
        let structured = ConsumerRecord { headers, value: Some(value.into()), ..received(1) };
        let record = InFlightRecord::new(structured, 1, &Tracer::OFF, "group");
        let proto = record.to_proto().unwrap();
        assert_eq!((proto.event.unwrap().source.as_str(), proto.data), ("/s", r#"{"a":1}"#.into()));
    }

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_tracestate_without_a_traceparent_is_not_forwarded() {
        let tracestate = |parent: Option<&'static str>| {
            let mut received = received(1);
            received.headers.extend(parent.map(|text| ("traceparent".into(), Some(text.into()))));
            InFlightRecord::new(received, 1, &Tracer::OFF, "group").to_proto().unwrap().tracestate
        };
        assert_eq!(tracestate(Some(PARENT)), "a=b");
        assert_eq!(tracestate(Some("00-0")), "");
        assert_eq!(tracestate(None), "");
    }

    #[test]
    fn the_trace_of_an_event_in_structured_mode_goes_on() {
        let value = format!(
            r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","traceparent":"{PARENT}"}}"#
        );
        let mode = b"application/cloudevents+json";
        let headers = vec![("content-type".into(), Some(Bytes::from_static(mode)))];
        let structured = ConsumerRecord { headers, value: Some(value.into()), ..received(1) };
        let record = InFlightRecord::new(structured, 1, &Tracer::OFF, "group");
        assert_eq!(record.span.context().trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }
}

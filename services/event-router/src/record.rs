//! A record on its way through the router.

use barrage::event::{Event, EventError, header_text};
use barrage::kafka::ConsumerRecord;
use barrage::position::Offset;
use barrage::propagation::TraceParent;
use barrage::telemetry::Tracer;
use barrage::telemetry::spans::{self, MessageSpan};
use barrage::time::Millis;

use crate::batch::BatchSize;

/// A record that is open: read and not finished.
#[derive(Debug)]
pub(crate) struct Open {
    /// The record as it came, for its dead letter.
    pub(crate) received: ConsumerRecord,
    /// When it had come: by then it was in Kafka.
    pub(crate) read_at: Millis,
    /// What is sent to the processor, or why it never is.
    pub(crate) forward: Result<Forward, Unfit>,
    /// How often a processor has answered for it.
    pub(crate) attempts: u32,
    /// In which turn of ours with its partition it was read.
    pub(crate) turn: u64,
    /// PartitionOffsets when the record is finished.
    pub(crate) span: MessageSpan,
}

/// Why a record goes to no processor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(transparent)]
    Envelope(#[from] EventError),
    /// It may be one that matters: nobody can tell.
    #[error("the name of header {0} is not UTF-8; headers of such names are left out here")]
    HeaderName(usize),
    /// gRPC would refuse the call of this record alone, again and again.
    #[error("the record has {0} bytes, at most {max} fit in a call", max = BatchSize::BYTES)]
    TooLarge(usize),
}

/// What a record looks like to a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    pub(crate) event: Event,
    pub(crate) tracestate: String,
}

impl Forward {
    /// Reads the envelope. A `tracestate` belongs to a `traceparent`.
    fn of(received: &ConsumerRecord, is_traced: bool) -> Result<Self, Unfit> {
        if let Some(at) = received.unreadable_header {
            return Err(Unfit::HeaderName(at));
        }
        let size = received.size();
        if size > BatchSize::BYTES {
            return Err(Unfit::TooLarge(size));
        }
        let event = Event::from_headers(&received.headers)?;
        let tracestate = header_text(&received.headers, "tracestate").filter(|_| is_traced);
        Ok(Self { event, tracestate: tracestate.unwrap_or_default().to_owned() })
    }
}

impl Open {
    /// Reads the clock and the envelope, and starts the span.
    pub(crate) fn new(received: ConsumerRecord, turn: u64, tracer: &Tracer, group: &str) -> Self {
        let read_at = Millis::now();
        let parent = header_text(&received.headers, "traceparent");
        let parent = parent.and_then(|text| text.parse::<TraceParent>().ok());
        let span = spans::route(tracer, &received.position, group, parent.as_ref());
        let forward = Forward::of(&received, parent.is_some());
        Self { received, read_at, forward, attempts: 0, turn, span }
    }

    /// Its offset.
    pub(crate) fn offset(&self) -> Offset {
        self.received.position.offset
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.received.size()
    }

    /// The record of a call; `None` when it is unfit for one.
    pub(crate) fn to_proto(&self) -> Option<proto::Record> {
        let Forward { event, tracestate } = self.forward.as_ref().ok()?;
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
            data: self.received.value.clone().unwrap_or_default(),
            traceparent: self.span.context().to_string(),
            tracestate: tracestate.clone(),
            read_at: self.read_at.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use barrage::position::Position;
    use bytes::Bytes;

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
    fn a_record_that_no_call_can_carry_is_unfit() {
        let most = BatchSize::BYTES - received(0).size();
        assert!(Forward::of(&received(most), true).is_ok());
        let unfit = Forward::of(&received(most + 1), true).unwrap_err().to_string();
        assert_eq!(unfit, "the record has 2097153 bytes, at most 2097152 fit in a call");
    }

    #[test]
    fn a_record_with_a_header_that_has_no_readable_name_is_unfit() {
        let unfit =
            Forward::of(&ConsumerRecord { unreadable_header: Some(2), ..received(1) }, true);
        assert_eq!(unfit, Err(Unfit::HeaderName(2)));
    }

    #[test]
    fn a_tracestate_without_a_traceparent_is_not_forwarded() {
        assert_eq!(Forward::of(&received(1), true).unwrap().tracestate, "a=b");
        assert_eq!(Forward::of(&received(1), false).unwrap().tracestate, "");
    }
}

//! A record on its way through the router.

use barrage::event::{Event, EventError, header_text};
use barrage::kafka::Received;
use barrage::position::Offset;
use barrage::propagation::TraceParent;
use barrage::telemetry::Tracer;
use barrage::telemetry::spans::{self, MessageSpan};

/// A record that is open: read and not finished.
#[derive(Debug)]
pub(crate) struct Open {
    /// The record as it came, for its dead letter.
    pub(crate) received: Received,
    /// What is sent to the processor, or why it cannot be read.
    pub(crate) forward: Result<Forward, EventError>,
    /// How often a processor has answered for it.
    pub(crate) attempts: u32,
    /// In which turn of ours with its partition it was read.
    pub(crate) turn: u64,
    /// Ends when the record is finished.
    pub(crate) span: MessageSpan,
}

/// What a record looks like to a processor.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    pub(crate) event: Event,
    pub(crate) tracestate: String,
}

impl Open {
    /// Reads the envelope and starts the span.
    pub(crate) fn new(received: Received, turn: u64, tracer: &Tracer, group: &str) -> Self {
        let parent = header_text(&received.headers, "traceparent");
        let parent = parent.and_then(|text| text.parse::<TraceParent>().ok());
        let span = spans::route(tracer, &received.position, group, parent.as_ref());
        let tracestate = parent.and(header_text(&received.headers, "tracestate"));
        let tracestate = tracestate.unwrap_or_default().to_owned();
        let event = Event::from_headers(&received.headers);
        let forward = event.map(|event| Forward { event, tracestate });
        Self { received, forward, attempts: 0, turn, span }
    }

    /// Its offset.
    pub(crate) fn offset(&self) -> Offset {
        self.received.position.offset
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.received.size()
    }

    /// The record of a call; `None` when its envelope could not be read.
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
        })
    }
}

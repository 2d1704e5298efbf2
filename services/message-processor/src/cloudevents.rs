//! The CloudEvents door (HTTP protocol binding 1.0), so that a stock Knative source, broker or trigger
//! can drive the processor without our router.

mod binary;
mod body;
mod json;
mod malformed;
mod mode;
mod position;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use barrage::event::Event;
use barrage::message::EVENT_TYPE;
use barrage::position::Topic;
use barrage::propagation::TraceParent;

use crate::call::Calls;
use crate::incoming::{Incoming, Outcome};
use body::Body;
use malformed::Malformed;
use mode::Mode;
use status::Refusal;

/// What a Knative source makes of a record that is no event: then its data is all there is to judge.
const WRAPPED_TYPE: &str = "dev.knative.kafka.event";

/// `POST /` in binary, structured and batch mode. `topic` is that of events that do not name theirs.
pub(crate) fn route(calls: Arc<Calls>, topic: Topic) -> Router {
    Router::new().route("/", post(receive)).with_state(Arc::new(Door { calls, topic }))
}

struct Door {
    calls: Arc<Calls>,
    topic: Topic,
}

impl Door {
    async fn serve(&self, headers: &HeaderMap, body: Bytes) -> Result<Vec<Outcome>, Refusal> {
        let events = match Mode::of(headers)? {
            Mode::Binary => vec![(binary::event(headers)?, body)],
            Mode::Structured => vec![json::event(&body)?],
            Mode::Batch => json::batch(&body)?,
        };
        let above = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let above = above.and_then(|text| text.parse().ok());
        let records = events.into_iter().map(|(event, data)| self.record(event, data, above));
        Ok(self.calls.serve(records.collect::<Result<_, _>>()?).await?)
    }

    /// An event's own trace goes before that of the request, which may be a hop's of which we know nothing.
    fn record(
        &self,
        event: Event,
        data: Bytes,
        above: Option<TraceParent>,
    ) -> Result<Incoming, Malformed> {
        let own = event.attribute("traceparent").and_then(|text| text.parse().ok());
        Ok(Incoming {
            position: position::of(&event, &self.topic)?,
            id: event.id,
            kind: if event.kind == WRAPPED_TYPE { EVENT_TYPE.to_owned() } else { event.kind },
            data,
            traceparent: own.or(above),
            read_at: None,
        })
    }
}

async fn receive(State(door): State<Arc<Door>>, headers: HeaderMap, Body(body): Body) -> Response {
    match door.serve(&headers, body).await {
        Ok(outcomes) => status::answered(&outcomes),
        Err(refusal) => {
            tracing::warn!(%refusal, "a request was refused: {refusal}");
            status::refused(&refusal)
        }
    }
}

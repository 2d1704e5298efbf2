//! CloudEvents over HTTP (protocol binding 1.0), so that a stock Knative source, broker or trigger can drive
//! the processor without our router.

mod events;
mod position;
mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use barrage::event::Event;
use barrage::position::Topic;
use barrage::propagation::TraceParent;
use futures::StreamExt as _;
use tokio::time::timeout;

use crate::calls::Calls;
use crate::record::{Outcome, Record};
use events::Malformed;
use status::Refusal;

/// `POST /` in binary, structured and batch mode. `topic` is that of events that name none.
pub(crate) fn route(calls: Arc<Calls>, topic: Topic) -> Router {
    Router::new().route("/", post(receive)).with_state(Arc::new(Endpoint { calls, topic }))
}

struct Endpoint {
    calls: Arc<Calls>,
    topic: Topic,
}

impl Endpoint {
    async fn serve(&self, headers: &HeaderMap, body: Bytes) -> Result<Vec<Outcome>, Refusal> {
        let parent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let parent = parent.and_then(|text| text.parse().ok());
        let events = events::of_request(headers, body)?.into_iter();
        let records = events.map(|(event, data)| self.record(event, data, parent));
        Ok(self.calls.serve(records.collect::<Result<_, _>>()?).await?)
    }

    /// The event's own trace wins over that of the request, which may belong to a proxy in between.
    fn record(
        &self,
        event: Event,
        data: Bytes,
        parent: Option<TraceParent>,
    ) -> Result<Record, Malformed> {
        let own = event.attribute("traceparent").and_then(|text| text.parse().ok());
        Ok(Record {
            position: position::of(&event, &self.topic)?,
            id: event.id,
            source: event.source,
            kind: event.kind,
            data,
            traceparent: own.or(parent),
            read_at: None,
        })
    }
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    Body(body): Body,
) -> Response {
    match endpoint.serve(&headers, body).await {
        Ok(outcomes) => status::answered(&outcomes),
        Err(refusal) => {
            tracing::warn!(%refusal, "a request was refused: {refusal}");
            status::refused(&refusal)
        }
    }
}

/// The whole body of a request, limited in size and time.
struct Body(Bytes);

impl Body {
    const MAX_BYTES: usize = 1 << 20;
    /// Long enough for so few bytes, and short for a client that holds a connection open by sending slowly.
    const MAX_WAIT: Duration = Duration::from_secs(10);
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Response;

    /// Bytes beyond the limit are read and dropped: a client sees no answer before it has sent everything.
    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let mut parts = request.into_body().into_data_stream();
        let (mut body, mut bytes) = (Vec::new(), 0);
        let read = async {
            while let Some(part) = parts.next().await.transpose()? {
                bytes += part.len();
                if bytes <= Self::MAX_BYTES {
                    body.extend_from_slice(&part);
                }
            }
            Ok::<(), axum::Error>(())
        };
        let read = timeout(Self::MAX_WAIT, read).await;
        let (status, reason) = match read {
            _ if bytes > Self::MAX_BYTES => {
                let reason = format!("the body has more than {} bytes\n", Self::MAX_BYTES);
                (StatusCode::PAYLOAD_TOO_LARGE, reason)
            }
            Ok(Ok(())) => return Ok(Self(body.into())),
            Ok(Err(error)) => {
                (StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}\n"))
            }
            Err(_) => {
                let reason = format!("the body did not arrive within {:?}\n", Self::MAX_WAIT);
                (StatusCode::REQUEST_TIMEOUT, reason)
            }
        };
        Err((status, reason).into_response())
    }
}

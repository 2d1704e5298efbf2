//! The simulated work of a message, which a demo may change while the processor runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::put;
use barrage::retry::pause;

/// What each message costs, in milliseconds. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Work(Arc<AtomicU64>);

impl Work {
    /// The most that a demo may ask for, in milliseconds. `WORK_MS` may be more.
    const MAX_MS: u64 = 500;
    /// More than the longest number with spaces around it, in bytes.
    const MAX_BODY: usize = 64;

    pub(crate) fn new(ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(ms)))
    }

    /// Works for one message.
    pub(crate) async fn work(&self) {
        let ms = self.0.load(Ordering::Relaxed);
        if ms > 0 {
            pause(Duration::from_millis(ms)).await;
        }
    }

    fn set(&self, ms: u64) {
        tracing::info!(ms, "each message costs {ms} ms from now on");
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// `PUT /work-ms`, for a demo: the body is a JSON number.
pub(crate) fn route(work: Work) -> Router {
    let limit = DefaultBodyLimit::max(Work::MAX_BODY);
    Router::new().route("/work-ms", put(set)).layer(limit).with_state(work)
}

async fn set(State(work): State<Work>, body: Result<Bytes, BytesRejection>) -> Response {
    let Some(ms) = body.ok().and_then(|body| parse(&body)) else {
        let reason = format!("the body must be a JSON number, 0 to {}\n", Work::MAX_MS);
        return (StatusCode::UNPROCESSABLE_ENTITY, reason).into_response();
    };
    work.set(ms);
    StatusCode::NO_CONTENT.into_response()
}

fn parse(body: &[u8]) -> Option<u64> {
    serde_json::from_slice(body).ok().filter(|ms| *ms <= Work::MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_whole_number_of_milliseconds_up_to_500() {
        for (body, ms) in [("0", Some(0)), (" 500\n", Some(500)), ("501", None), ("-1", None)] {
            assert_eq!(parse(body.as_bytes()), ms, "{body:?}");
        }
        for body in ["", "1.5", "\"100\"", "{\"ms\":100}", "null", "100 200", "0x10"] {
            assert_eq!(parse(body.as_bytes()), None, "{body:?}");
        }
    }
}

//! The body of a request, which has to come in time and must not be large.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use tokio::time::timeout;

/// A body that has come as a whole.
pub(super) struct Body(pub(super) Bytes);

impl Body {
    /// The most bytes.
    const MAX_BYTES: usize = 1 << 20;
    /// Long for so much, short for a connection that somebody holds open by sending little.
    const PATIENCE: Duration = Duration::from_secs(10);
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Response;

    /// What is too much is read and forgotten: a sender hears no answer before it has sent all.
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
        let read = timeout(Self::PATIENCE, read).await;
        let (status, reason) = match read {
            _ if bytes > Self::MAX_BYTES => {
                let reason = format!("the body has more than {} bytes\n", Self::MAX_BYTES);
                (StatusCode::PAYLOAD_TOO_LARGE, reason)
            }
            Ok(Ok(())) => return Ok(Self(body.into())),
            Ok(Err(error)) => (StatusCode::BAD_REQUEST, format!("the body is broken: {error}\n")),
            Err(_) => {
                let reason = format!("the body has not come within {:?}\n", Self::PATIENCE);
                (StatusCode::REQUEST_TIMEOUT, reason)
            }
        };
        Err((status, reason).into_response())
    }
}

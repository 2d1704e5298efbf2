//! Requests over HTTP, and how they fail.

use std::{error::Error as _, io, time::Duration};

use reqwest::{Client, RequestBuilder, Response};
pub use reqwest::{Error as ClientError, Url};

/// Services close a connection that was not used for longer, perhaps just when we use it again.
const IDLE: Duration = Duration::from_secs(20);

/// Everything is near: a connection that takes longer will not come.
const CONNECT: Duration = Duration::from_secs(3);

/// A request that failed, as a kind that can be counted.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub enum Error {
    /// Nobody listens there, or the network is cut.
    #[error("no connection")]
    NoConnection,
    #[error("no answer in time")]
    Timeout,
    /// The connection ended before the answer was complete.
    #[error("connection cut")]
    Cut,
    /// An answer with this status, which is no success, and the title of its problem details.
    #[error("{0} {1}")]
    Status(u16, String),
    #[error("not the answer that barrage promises")]
    Malformed,
}

impl Error {
    /// Whether the answer was 404: there is no such burst or message.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status(404, _))
    }

    /// Reads the body of an answer that is no success: it may say why.
    async fn of_answer(answer: Response) -> Self {
        let status = answer.status();
        let problem: Option<serde_json::Value> = answer.json().await.ok();
        let title = problem.as_ref().and_then(|problem| problem["title"].as_str());
        let title = title.or_else(|| status.canonical_reason()).unwrap_or_default();
        Self::Status(status.as_u16(), title.into())
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() || is_refused(&error) {
            Self::NoConnection
        } else if error.is_decode() {
            Self::Malformed
        } else {
            Self::Cut
        }
    }
}

/// A connection that was reused may be refused without being a connect error.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::ConnectionRefused;
        }
        source = error.source();
    }
    false
}

/// A client whose requests fail when no complete answer comes within `timeout`.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    // Never by a proxy of the environment: services are on this machine or in this network.
    let client = Client::builder().timeout(timeout).connect_timeout(CONNECT).no_proxy();
    client.pool_idle_timeout(IDLE).build()
}

/// The answer to a request, if it is a success.
pub(crate) async fn success(request: RequestBuilder) -> Result<Response, Error> {
    let answer = request.send().await?;
    if answer.status().is_success() { Ok(answer) } else { Err(Error::of_answer(answer).await) }
}

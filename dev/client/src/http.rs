//! Requests over HTTP, and how they fail.

use std::{error, io, iter, time::Duration};

use reqwest::{
    Client, ClientBuilder, RequestBuilder, Response, StatusCode,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue},
    redirect::Policy,
};
pub use reqwest::{Error as ClientError, Url};
use rustls::CertificateError;

use crate::{compression::decompressed, trust::Trust};

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
    /// No name service knows the host.
    #[error("no address is known of this host")]
    UnknownHost,
    /// The certificate of the server is not accepted, for this reason.
    #[error("its certificate is not accepted: {0}")]
    Certificate(String),
    /// The server does not speak TLS, or none that we speak.
    #[error("no TLS connection: {0}")]
    Tls(String),
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

    /// The error of a status that is no success.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        let reason = status.canonical_reason().unwrap_or_default();
        (!status.is_success()).then(|| Self::Status(status.as_u16(), reason.into()))
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
        } else if let Some(tls) = causes(&error).find_map(|it| it.downcast_ref()) {
            Self::of_tls(tls)
        } else if error.is_connect() && causes(&error).any(is_of_name_service) {
            Self::UnknownHost
        } else if error.is_connect() || causes(&error).any(is_refused) {
            Self::NoConnection
        } else if error.is_decode() {
            Self::Malformed
        } else {
            Self::Cut
        }
    }
}

impl Error {
    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::Error as Tls;
        if let Tls::InvalidCertificate(reason) = error {
            Self::Certificate(why_not_accepted(reason))
        } else if let Tls::InvalidMessage(_) = error {
            Self::Tls("the server does not speak it; is its URL http://?".into())
        } else {
            Self::Tls(error.to_string())
        }
    }
}

fn why_not_accepted(reason: &CertificateError) -> String {
    use CertificateError as Why;
    if matches!(reason, Why::UnknownIssuer) {
        "who issued it is not known here".into()
    } else if matches!(reason, Why::Expired | Why::ExpiredContext { .. }) {
        "it has expired".into()
    } else if matches!(reason, Why::NotValidForName | Why::NotValidForNameContext { .. }) {
        "it is for another host".into()
    } else {
        reason.to_string()
    }
}

/// What caused an error, from the nearest cause on.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn error::Error + 'static)> {
    let first = error::Error::source(error);
    iter::successors(first, |error| {
        // The source of an `io::Error` is that of the error inside it, which is left out.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

/// A connection that was reused may be refused without being a connect error.
fn is_refused(error: &(dyn error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The type of this error is private to the HTTP library.
fn is_of_name_service(error: &(dyn error::Error + 'static)) -> bool {
    error.to_string().starts_with("dns error")
}

/// A client of services on this machine. A request fails when no complete answer comes within `timeout`.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    Trust::Nobody.applied_to(builder(timeout)).build()
}

/// A client of a barrage that may be far away, behind a gateway, and of its services.
///
/// It follows no redirect: the answer would be that of another server, and a password must not go there.
pub(crate) fn far_client(timeout: Duration, trust: &Trust) -> reqwest::Result<Client> {
    // Each request has a connection of its own, whatever the gateway offers: so does the load that is measured.
    let client = builder(timeout).redirect(Policy::none()).http1_only();
    // Without this header a gateway may send any encoding.
    let identity = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    trust.applied_to(client.default_headers(identity)).build()
}

fn builder(timeout: Duration) -> ClientBuilder {
    // Never by a proxy of the environment: what it adds would be measured, too.
    let client = Client::builder().timeout(timeout).connect_timeout(CONNECT).no_proxy();
    client.pool_idle_timeout(IDLE)
}

/// Logs a request in, if the URL has a user and a password. Its URL must have the same origin.
pub(crate) fn authorized(
    request: RequestBuilder,
    authorization: Option<&HeaderValue>,
) -> RequestBuilder {
    match authorization {
        Some(value) => request.header(AUTHORIZATION, value),
        None => request,
    }
}

/// The answer to a request, if it is a success.
pub(crate) async fn success(request: RequestBuilder) -> Result<Response, Error> {
    checked(request.send().await?).await
}

/// The body of an answer to a browser, decompressed.
pub(crate) async fn plain_body(answer: Response) -> Result<Vec<u8>, Error> {
    let encoding = encoding(&answer);
    decompressed(&encoding, &answer.bytes().await?).map_err(|_| Error::Malformed)
}

/// How the body of an answer is compressed; empty where it is not.
pub(crate) fn encoding(answer: &Response) -> String {
    let encoding = answer.headers().get(CONTENT_ENCODING).and_then(|it| it.to_str().ok());
    encoding.unwrap_or_default().to_owned()
}

/// The answer, if it is a success.
pub(crate) async fn checked(answer: Response) -> Result<Response, Error> {
    if answer.status().is_success() { Ok(answer) } else { Err(Error::of_answer(answer).await) }
}

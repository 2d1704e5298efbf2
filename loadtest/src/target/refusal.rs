//! How a request can fail, as a kind that can be counted.

use std::{error::Error as _, fmt, io};

use reqwest::Response;

/// A request that failed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody listens there, or the way there is cut.
    NoConnection,
    /// No answer in time.
    NoAnswer,
    /// The connection was cut before the answer was whole.
    CutOff,
    /// An answer with this status, and what it says it means.
    Status(u16, String),
    /// An answer of another form than promised.
    Malformed,
}

impl Refusal {
    pub(crate) fn of(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::NoAnswer
        } else if error.is_connect() || is_refused(&error) {
            Self::NoConnection
        } else if error.is_decode() {
            Self::Malformed
        } else {
            Self::CutOff
        }
    }

    /// Of an answer that is no success; its body may say why.
    pub(crate) async fn of_answer(answer: Response) -> Self {
        let status = answer.status();
        let problem: Option<serde_json::Value> = answer.json().await.ok();
        let title = problem.as_ref().and_then(|problem| problem["title"].as_str());
        let title = title.or_else(|| status.canonical_reason()).unwrap_or_default();
        Self::Status(status.as_u16(), title.into())
    }

    /// What a person can do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Status(429, _) => Some(
                "barrage limits what one address may send: raise MAX_CLIENT_RATE (and MAX_BURSTS, \
                 MAX_RATE for bursts) of its homepage",
            ),
            Self::Status(503, _) => Some("Kafka does not answer barrage: see its /readyz"),
            Self::NoConnection => Some("nobody listened there, or no connection was free"),
            Self::NoAnswer => Some("more than it answers in time: offer less"),
            Self::CutOff => Some("it ended, or something between cut the connection"),
            Self::Malformed => Some("is this a barrage of another version?"),
            Self::Status(..) => None,
        }
    }
}

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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection => f.write_str("no connection"),
            Self::NoAnswer => f.write_str("no answer in time"),
            Self::CutOff => f.write_str("connection cut"),
            Self::Status(status, title) => write!(f, "{status} {title}"),
            Self::Malformed => f.write_str("not the answer that barrage promises"),
        }
    }
}

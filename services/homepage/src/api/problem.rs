//! Errors of the API as problem details, RFC 9457, for people and programs.

use std::fmt;
use std::time::{Duration, Instant};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use barrage::table;
use serde::Serialize;

use crate::burst::{RemoteError, StartError};
use crate::launcher;
use crate::limits::{Limit, LimitExceeded};
use crate::lookup;
use crate::page::translations::EN;
use crate::request::{FieldError, FieldErrors};

/// The body of every error, and the headers that belong to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    pub(crate) detail: Box<str>,
    /// One entry for each invalid field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<InvalidField>,
    /// The message is not accepted, but it may still appear: whoever sends it again may send it twice.
    #[serde(skip_serializing_if = "is_false")]
    may_have_been_sent: bool,
    /// The name of the limit, and how many bursts are running of whoever has sent the request, where that is it: for
    /// a page that says it in its own language.
    #[serde(flatten)]
    exceeded: Option<Box<Exceeded>>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    /// The methods that the address answers, for `Allow`.
    #[serde(skip)]
    allow: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Exceeded {
    limit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<usize>,
    #[serde(skip)]
    of: Limit,
}

/// An entry of `errors`: a field or a parameter, and what it must be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InvalidField {
    field: &'static str,
    detail: String,
    /// The same as a value, for a page that puts it into its own language.
    #[serde(skip)]
    error: Option<FieldError>,
}

impl Problem {
    /// How long a client should wait when Kafka or the table does not answer.
    const AWAY: Duration = Duration::from_secs(2);

    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into().into(),
            errors: Vec::new(),
            may_have_been_sent: false,
            exceeded: None,
            retry_after: None,
            allow: None,
        }
    }

    /// 400: the request is malformed, so its fields cannot be checked.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400: a parameter of the address is invalid.
    pub(crate) fn bad_parameter(field: &'static str, detail: &str) -> Self {
        let errors = vec![InvalidField { field, detail: detail.to_owned(), error: None }];
        Self { errors, ..Self::malformed(format!("{field}: {detail}")) }
    }

    /// 422: fields of the body are invalid. Nothing was sent.
    pub(crate) fn fields(errors: FieldErrors) -> Self {
        let detail = "Nothing was sent. The fields in errors are invalid.";
        let entry = |(field, error)| {
            let detail = EN.field_error(error);
            InvalidField { field, detail, error: Some(error) }
        };
        let errors = errors.into_iter().map(entry).collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// The field errors that it was made of.
    pub(crate) fn field_errors(&self) -> FieldErrors {
        self.errors.iter().filter_map(|it| Some((it.field, it.error?))).collect()
    }

    /// 422: a member of the body of a control is invalid. Nothing was changed.
    pub(crate) fn bad_control(field: &'static str, detail: &str) -> Self {
        let errors = vec![InvalidField { field, detail: detail.to_owned(), error: None }];
        let what = "Nothing was changed. The fields in errors are invalid.";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, what) }
    }

    /// 422: a parameter of the address is not one of its values.
    pub(crate) fn invalid_parameter(field: &'static str, detail: &str) -> Self {
        let errors = vec![InvalidField { field, detail: detail.to_owned(), error: None }];
        let what = format!("{field}: {detail}");
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, what) }
    }

    /// 403: whoever has sent it may not use the controls.
    pub(crate) fn no_control(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// The launcher has refused it with this status.
    fn of_launcher(status: u16, detail: String) -> Self {
        match StatusCode::from_u16(status) {
            Ok(
                status @ (StatusCode::NOT_FOUND
                | StatusCode::CONFLICT
                | StatusCode::UNPROCESSABLE_ENTITY),
            ) => Self::new(status, detail),
            _ => {
                tracing::warn!(status, "the launcher refused a request of the homepage");
                Self::launcher_away()
            }
        }
    }

    /// 503: the launcher does not answer.
    fn launcher_away() -> Self {
        Self::away("The launcher does not answer. It is not known whether anything was changed.")
    }

    /// 403: a burst is stopped only by whoever began it.
    pub(crate) fn not_yours() -> Self {
        let detail = "Only whoever began a burst can stop it: by its stop_token as Authorization: \
                      Bearer, or by the cookie barrage_device of the browser that began it.";
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 403: the page of another site has sent the request.
    pub(crate) fn cross_site() -> Self {
        Self::new(StatusCode::FORBIDDEN, "A page of another site must not send messages.")
    }

    /// 404: there is no such burst, message, file or address.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {what}."))
    }

    /// 405: the address answers other methods.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("This address answers {allow}.");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, detail) }
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
    }

    /// 413: the body is larger than any message needs.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 16 KiB.")
    }

    /// 415: the body's type is not one that the call takes.
    pub(crate) fn media_type() -> Self {
        let detail = "The body must be application/json or application/x-www-form-urlencoded.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 415: the call takes JSON alone.
    pub(crate) fn json_only() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
    }

    /// 500: the fault is in the homepage.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The homepage failed. Its log says why.")
    }

    /// 503: Kafka does not answer, so nothing was sent.
    pub(crate) fn kafka_away() -> Self {
        let detail = "Kafka does not accept messages now. Nothing was sent.";
        Self::away(detail)
    }

    /// 503: Kafka did not acknowledge a message in time. An earlier try than at `next` would be refused as well.
    pub(crate) fn not_acknowledged(next: Option<Instant>) -> Self {
        let detail = "Kafka did not acknowledge the message in time. It does not count as sent, but it may \
                      still appear.";
        let wait = next.map(|at| at.saturating_duration_since(Instant::now()));
        let retry_after = wait.max(Some(Self::AWAY));
        Self { may_have_been_sent: true, retry_after, ..Self::away(detail) }
    }

    /// 503: the part that knows the state of a message does not answer.
    pub(crate) fn cannot_tell() -> Self {
        let detail =
            "The state of the message is not known now. Accepted messages are safe in Kafka.";
        Self::away(detail)
    }

    /// 503: the table does not answer.
    fn table_away() -> Self {
        Self::away("The table does not answer now. Accepted messages are safe in Kafka.")
    }

    fn away(detail: &str) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        Self { retry_after: Some(Self::AWAY), ..problem }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The limit that the request is over.
    pub(crate) fn limit(&self) -> Option<Limit> {
        self.exceeded.as_ref().map(|it| it.of)
    }

    /// `Retry-After` in whole seconds, if another try can help.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
            .map(|wait| wait.as_millis().div_ceil(1000).max(1))
            .and_then(|seconds| u64::try_from(seconds).ok())
    }
}

/// serde asks by reference.
fn is_false(it: &bool) -> bool {
    !it
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, methods));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        // `json` keeps a content type that is set already.
        response.content_type("application/problem+json").json(self)
    }
}

impl From<LimitExceeded> for Problem {
    fn from(error: LimitExceeded) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "");
        problem.retry_after = Some(error.retry_after);
        let (limit, running) = (error.limit.name(), error.limit.running());
        problem.exceeded = Some(Box::new(Exceeded { limit, running, of: error.limit }));
        let seconds = problem.retry_after().unwrap_or(1);
        problem.detail = format!("{} Try again in {seconds} s.", error.limit).into();
        problem
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::LimitExceeded(error) => error.into(),
            StartError::NotReady => Self::kafka_away(),
        }
    }
}

impl From<table::Error> for Problem {
    fn from(error: table::Error) -> Self {
        (&error).into()
    }
}

impl From<&table::Error> for Problem {
    fn from(error: &table::Error) -> Self {
        tracing::warn!(%error, "a request needs the table");
        Self::table_away()
    }
}

impl From<launcher::Error> for Problem {
    fn from(error: launcher::Error) -> Self {
        match error {
            launcher::Error::NoAnswer(_) => Self::launcher_away(),
            launcher::Error::Refused(status, detail) => Self::of_launcher(status, detail),
        }
    }
}

impl From<RemoteError> for Problem {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::NotFound => Self::not_found("burst"),
            RemoteError::Table(error) => error.as_ref().into(),
            RemoteError::Records(_) => Self::kafka_away(),
            RemoteError::Rows(_) => Self::table_away(),
        }
    }
}

impl From<lookup::Error> for Problem {
    fn from(error: lookup::Error) -> Self {
        match error {
            lookup::Error::NoRecord => Self::not_found("message"),
            lookup::Error::Unknown => Self::cannot_tell(),
            lookup::Error::Kafka(error) => {
                tracing::warn!(%error, "a request needs Kafka");
                Self::cannot_tell()
            }
            lookup::Error::Table(error) => error.into(),
        }
    }
}

/// The answer to every address that no route has.
pub(crate) async fn no_such_address() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_an_acknowledgement_is_tried_again_when_its_device_may_send() {
        let retry_after = |next| Problem::not_acknowledged(next).retry_after();
        assert_eq!(retry_after(None), Some(2));
        let now = Instant::now();
        assert_eq!(retry_after(Some(now)), Some(2));
        let wait = retry_after(Some(now + Duration::from_secs(30))).unwrap();
        assert!((20..=30).contains(&wait), "{wait}");
    }
}

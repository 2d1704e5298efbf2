//! The body of a request to send: JSON or a form, both small.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::problem::Problem;
use crate::request::RawFields;

/// A message has 100 characters, however they are escaped.
const MAX_BYTES: usize = 16 << 10;

/// How long a body may take to arrive, so that a slow client does not hold memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fields of a body, not checked yet.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) raw: RawFields,
    /// A form is answered with a page, JSON with JSON.
    pub(super) is_form: bool,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), Payload::from_request(request, payload));
        async move { read(&request, payload.await.map_err(|_| Problem::internal())?).await }
            .boxed_local()
    }
}

/// The members of a body that must be JSON: no form of another site can send it without asking.
#[derive(Debug)]
pub(super) struct JsonBody(pub(super) RawFields);

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let body = Body::from_request(request, payload);
        async move {
            let Body { raw, is_form } = body.await?;
            if is_form { Err(Problem::json_only()) } else { Ok(Self(raw)) }
        }
        .boxed_local()
    }
}

/// Fails if the body is too large, too slow, cut short, of another type, or not what its type says.
async fn read(request: &HttpRequest, payload: Payload) -> Result<Body, Problem> {
    same_site(request)?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !is_form && !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::media_type());
    }
    let reading = payload.to_bytes_limited(MAX_BYTES);
    let bytes = match tokio::time::timeout(PATIENCE, reading).await {
        Err(_) => return Err(Problem::too_slow()),
        Ok(Err(_)) => return Err(Problem::too_large()),
        Ok(Ok(Err(_))) => return Err(Problem::malformed("The body was cut short.")),
        Ok(Ok(Ok(bytes))) => bytes,
    };
    let raw = if is_form { form(&bytes) } else { json(&bytes) };
    Ok(Body { raw: raw?, is_form })
}

/// Refuses a request that a browser sends for the page of another site. Programs do not send this header.
fn same_site(request: &HttpRequest) -> Result<(), Problem> {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site == Some("cross-site") { Err(Problem::cross_site()) } else { Ok(()) }
}

fn json(bytes: &Bytes) -> Result<RawFields, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // The path says at which member the JSON is broken.
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string());
    let value = value.and_then(|value| json.end().map(|()| value).map_err(|it| it.to_string()));
    match value {
        Ok(Value::Object(raw)) => Ok(raw),
        Ok(_) => Err(Problem::malformed("The body must be a JSON object.")),
        Err(error) => Err(Problem::malformed(format!("The body is not JSON: {error}."))),
    }
}

fn form(bytes: &Bytes) -> Result<RawFields, Problem> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().map(Cow::into_owned)
    };
    let field = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, Value::String(decoded(value)?)))
    };
    let form = std::str::from_utf8(bytes)
        .and_then(|text| text.split('&').filter(|pair| !pair.is_empty()).map(field).collect());
    form.map_err(|_| Problem::malformed("The form is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::request::{BurstRequest, MessageRequest};

    /// Any JSON, but with the names of our fields more often than by chance.
    fn any_json() -> impl Strategy<Value = Value> {
        let name = "message|name|concurrency|duration|rate|.{0,8}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,120}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            let list = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
            let entries = proptest::collection::vec((name, inner), 0..6);
            prop_oneof![list, entries.prop_map(|all| all.into_iter().collect::<Value>())]
        })
    }

    /// Either every field is accepted, or the answer is a 4xx and names the invalid fields.
    fn is_answered(raw: Result<RawFields, Problem>) -> bool {
        let refused = |problem: &Problem| problem.status().is_client_error();
        match raw {
            Err(problem) => refused(&problem),
            Ok(raw) => {
                let text = MessageRequest::parse(&raw).map_err(Problem::fields);
                let request = BurstRequest::parse(&raw).map_err(Problem::fields);
                let named = |problem: &Problem| refused(problem) && !problem.errors.is_empty();
                text.as_ref().err().is_none_or(named) && request.as_ref().err().is_none_or(named)
            }
        }
    }

    proptest! {
        #[test]
        fn any_json_is_taken_or_refused_in_form(value in any_json()) {
            prop_assert!(is_answered(json(&Bytes::from(value.to_string()))));
        }

        #[test]
        fn any_bytes_are_taken_or_refused_in_form(bytes in any::<Vec<u8>>()) {
            prop_assert!(is_answered(json(&Bytes::from(bytes.clone()))));
            prop_assert!(is_answered(form(&Bytes::from(bytes))));
        }

        #[test]
        fn any_form_is_taken_or_refused_in_form(text in "((message|name|rate|.{0,5})=(%[0-9a-f]{2}|.{0,9})&){0,6}") {
            prop_assert!(is_answered(form(&Bytes::from(text))));
        }
    }
}

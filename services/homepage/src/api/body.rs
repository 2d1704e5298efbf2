//! The bodies of requests: JSON or a form, both small.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};
use serde_json::Value;

use super::problem::Problem;
use super::security;
use crate::ask::Raw;

/// The largest body: a message has 100 characters, however they are escaped.
pub(super) const MAX_BYTES: usize = 16 << 10;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a person or a program has sent.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) raw: Raw,
    /// It came from a form: the answer is a page.
    pub(super) is_form: bool,
}

/// Reads a body.
///
/// # Errors
/// When it is too large, too slow, cut short, of another type, or not of the form that its type says.
pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Body, Problem> {
    security::same_site(request)?;
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

fn json(bytes: &Bytes) -> Result<Raw, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(raw)) => Ok(raw),
        Ok(_) => Err(Problem::malformed("The body must be a JSON object.")),
        Err(error) => Err(Problem::malformed(format!("The body is not JSON: {error}."))),
    }
}

fn form(bytes: &Bytes) -> Result<Raw, Problem> {
    let pairs: Vec<(String, String)> = actix_web::web::Query::<Vec<(String, String)>>::from_query(
        std::str::from_utf8(bytes).map_err(|_| Problem::malformed("The form is not UTF-8."))?,
    )
    .map_err(|_| Problem::malformed("The body is not a form."))?
    .into_inner();
    Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

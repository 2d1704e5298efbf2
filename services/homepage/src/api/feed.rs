//! `GET /feed`: the newest bullets after a cursor, and the counts, at once or as soon as there is news.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch, VARY};
use actix_web::web::{Data, Query, QueryConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, error};
use bytes::Bytes;
use serde::Deserialize;

use super::encoding::{accepted, coding};
use super::problem::Problem;
use crate::metrics;
use crate::publication::{Body, Publication, Request};
use crate::reader::cursor::Cursor;

/// How many bullets an answer has at most: without `limit`, and with it.
const LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

/// The longest wait, in seconds. Common proxies end requests after 30 s.
const MAX_WAIT: u64 = 25;

/// The answer goes on where the last one ended, so whoever asks the same a moment later gets what is right for it, too.
const FOR_ALL: &str = "public, max-age=1";
const FOR_ONE: &str = "no-store";

/// The parameters, still as text.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    after: Option<String>,
    limit: Option<String>,
    wait: Option<String>,
}

/// An invalid query is answered with problem details, too.
pub(super) fn query_config() -> QueryConfig {
    QueryConfig::default()
        .error_handler(|error, _| error::Error::from(Problem::malformed(error.to_string())))
}

/// The newest bullets after the cursor, oldest first. actix drops it when the client has gone.
pub(super) async fn show(
    publication: Data<Publication>,
    request: HttpRequest,
    parameters: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let after = cursor(parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let wait = wait(parameters.wait.as_deref())?;
    metrics::feed_requested();
    let body = publication.answer(&Request { after, limit, wait }).await;
    let leads_on = body.leads_on_from(parameters.after.as_deref());
    Ok(response(&body, leads_on, &request))
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    let parsed = text.map(str::parse).transpose();
    parsed
        .map_err(|_| Problem::bad_parameter("after", "A cursor that a feed gave out, or nothing."))
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let limit = text.map_or(Some(LIMIT), |text| text.parse().ok());
    let allowed = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    allowed.ok_or_else(|| Problem::bad_parameter("limit", "Whole number, 1 to 500."))
}

fn wait(text: Option<&str>) -> Result<Duration, Problem> {
    let seconds = text.map_or(Some(0), |text| text.parse().ok());
    let allowed = seconds.filter(|seconds| *seconds <= MAX_WAIT).map(Duration::from_secs);
    let what = "Whole number of seconds, 0 to 25.";
    allowed.ok_or_else(|| Problem::invalid_parameter("wait", what))
}

fn response(body: &Body, leads_on: bool, request: &HttpRequest) -> HttpResponse {
    let tag = EntityTag::new_weak(body.tag.clone());
    let is_known = is_known(&tag, request);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let caching = if leads_on { FOR_ALL } else { FOR_ONE };
    response.insert_header((CACHE_CONTROL, caching)).insert_header((ETAG, tag));
    response.insert_header((VARY, "Accept-Encoding"));
    if is_known {
        return response.finish(); // A 304 must not have a body.
    }
    response.content_type("application/json");
    match accepted(request).next() {
        Some(encoding) => {
            response.insert_header(coding(encoding));
            response.body(InPieces(body.encoded(encoding)))
        }
        None => response.body(InPieces(body.plain())),
    }
}

/// Whether the client has the answer with this tag.
fn is_known(tag: &EntityTag, request: &HttpRequest) -> bool {
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        None => false,
    }
}

/// Bytes that many answers share. The server copies what it sends, so it gets piece after piece: otherwise a thousand
/// clients that do not read would fill the memory with a thousand copies.
struct InPieces(Bytes);

impl InPieces {
    const PIECE: usize = 16 << 10;
}

impl MessageBody for InPieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = self.0.len().min(Self::PIECE);
        Poll::Ready((piece > 0).then(|| Ok(self.0.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::IF_NONE_MATCH;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_are_1_to_500_and_cursors_ours() {
        assert_eq!(limit(None).unwrap(), 100);
        for bad in ["0", "501", "-1", "x", "", "1e9"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
        assert!(cursor(None).unwrap().is_none());
        assert!(cursor(Some("nonsense")).is_err());
    }

    #[test]
    fn a_wait_is_0_to_25_whole_seconds_and_anything_else_names_the_field() {
        assert_eq!(wait(None).unwrap(), Duration::ZERO);
        assert_eq!(wait(Some("25")).unwrap(), Duration::from_secs(25));
        for bad in ["26", "-1", "x", "", "1.5", "1e1", "99999999999999999999"] {
            let problem = wait(Some(bad)).unwrap_err();
            assert_eq!(problem.status().as_u16(), 422, "{bad}");
            let json = serde_json::to_value(&problem).unwrap();
            assert_eq!(json["errors"][0]["field"], "wait", "{bad}");
        }
    }

    #[test]
    fn only_the_whole_tag_of_an_answer_is_known() {
        let tag = EntityTag::new_weak("a1b2-1".into());
        let is_known = |tags: &str| {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, tags));
            super::is_known(&tag, &request.to_http_request())
        };
        for known in [r#"W/"a1b2-1""#, r#""a1b2-1""#, r#"W/"x", W/"a1b2-1""#] {
            assert!(is_known(known), "{known}");
        }
        for unknown in [r#"W/"a1b2-12""#, r#"W/"0a1b2-1""#, "a1b2-1", ""] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused_in_form(
            query in "((after|limit|wait|.{0,5})=(%[0-9a-f]{2}|MS4wLjAu|[0-9]{0,25}|.{0,9})&){0,4}",
        ) {
            if let Ok(Query(Parameters { after, limit: wanted, wait: seconds })) =
                Query::from_query(&query)
            {
                let problems = [
                    cursor(after.as_deref()).err(),
                    limit(wanted.as_deref()).err(),
                    wait(seconds.as_deref()).err(),
                ];
                let is_in_form = |it: Problem| [400, 422].contains(&it.status().as_u16());
                prop_assert!(problems.into_iter().flatten().all(is_in_form));
            }
        }

        #[test]
        fn the_pieces_of_an_answer_are_the_answer(length in 0usize..100_000) {
            let bytes: Bytes = (0..length).map(|n| n.to_le_bytes()[0]).collect();
            let (mut body, mut pieces) = (InPieces(bytes.clone()), Vec::new());
            prop_assert_eq!(body.size(), BodySize::Sized(length as u64));
            let mut context = Context::from_waker(std::task::Waker::noop());
            while let Poll::Ready(Some(Ok(piece))) = Pin::new(&mut body).poll_next(&mut context) {
                prop_assert!(!piece.is_empty() && piece.len() <= InPieces::PIECE);
                pieces.extend(piece);
            }
            prop_assert_eq!(pieces, bytes);
        }
    }
}

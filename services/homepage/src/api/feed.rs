//! `GET /feed`: the newest bullets after a cursor, and the counts.

use std::collections::BTreeMap;
use std::time::Instant;

use actix_web::http::header;
use actix_web::web::{Data, Query, QueryConfig};
use actix_web::{HttpResponse, error};
use barrage::health::Readiness;
use barrage::time::{Millis, Rfc3339};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::events::{Event, Events};
use crate::metrics;
use crate::problems::{Known, PartProblem, problems};
use crate::reader::cursor::Cursor;
use crate::reader::feed::{Feed, View};
use crate::reader::progress::{Counts, Progress, Totals};
use crate::routers::Routers;
use crate::viewers::Viewers;

/// How many bullets an answer has at most: without `limit`, and with it.
const LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

/// The shortest wait before the next poll, in milliseconds: while messages come or wait, and while not.
const POLL_BUSY: u32 = 400;
const POLL_IDLE: u32 = 1000;

/// The parameters, still as text.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    after: Option<String>,
    limit: Option<String>,
}

/// All of the answer but its bullets, which the reader has serialised already.
#[derive(Serialize)]
struct Rest<'a> {
    /// A page compares its own clock with it.
    now: Millis,
    cursor: &'a str,
    passed: u64,
    totals: TotalsJson,
    processors: Vec<String>,
    slots: &'a BTreeMap<String, u64>,
    poll_after_ms: u32,
    problems: Vec<PartProblem>,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct TotalsJson {
    since: Option<Rfc3339>,
    #[serde(flatten)]
    counts: Counts,
    expired_since: Option<Rfc3339>,
}

/// An invalid query is answered with problem details, too.
pub(super) fn query_config() -> QueryConfig {
    QueryConfig::default()
        .error_handler(|error, _| error::Error::from(Problem::malformed(error.to_string())))
}

/// The newest bullets after the cursor, oldest first.
pub(super) async fn show(
    feed: Data<Feed>,
    progress: Data<Progress>,
    viewers: Data<Viewers>,
    readiness: Data<Readiness>,
    routers: Data<Routers>,
    events: Data<Events>,
    parameters: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let after = cursor(parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let (view, totals) = feed.view_with(after.as_ref(), limit, || progress.totals());
    let busy = view.passed > 0 || totals.counts.waiting > 0;
    let least = if busy { POLL_BUSY } else { POLL_IDLE };
    let poll_after = viewers.poll_after(least, Instant::now());
    let known = Known::of(&readiness, &routers, totals);
    let now = Millis::now();
    let parts = (problems(known, now), events.recent(now));
    let body = answer(&view, totals, poll_after, parts);
    metrics::feed_requested();
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
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

fn answer(
    view: &View,
    totals: Totals,
    poll_after_ms: u32,
    (problems, events): (Vec<PartProblem>, Vec<Event>),
) -> Vec<u8> {
    let rest = serde_json::to_vec(&Rest {
        now: Millis::now(),
        cursor: &view.cursor,
        passed: view.passed,
        totals: TotalsJson {
            since: totals.since,
            counts: totals.counts,
            expired_since: totals.expired.map(|expired| expired.since.rfc3339()),
        },
        processors: view.processors.clone(),
        slots: &view.slots,
        poll_after_ms,
        problems,
        events,
    });
    let rest = rest.expect("the answer is texts and numbers");
    let bullets = view.bullets.join(&b","[..]);
    // One object: the bullets as its first member, then the others.
    [br#"{"bullets":["#, &bullets[..], b"],", &rest[1..]].concat()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn view() -> View {
        let (processors, slots) = (vec!["p".into()], BTreeMap::from([("p".into(), 1)]));
        View { bullets: vec![], cursor: "c".into(), passed: 0, processors, slots }
    }

    #[test]
    fn an_answer_is_one_json_object_with_or_without_bullets() {
        let mut view = view();
        let json = |view: &View| -> serde_json::Value {
            serde_json::from_slice(&answer(view, Totals::default(), 400, (Vec::new(), Vec::new())))
                .unwrap()
        };
        assert_eq!(json(&view)["bullets"], serde_json::json!([]));
        assert_eq!(json(&view)["totals"]["waiting"], 0);
        view.bullets = vec![Bytes::from_static(b"{\"id\":1}"), Bytes::from_static(b"{\"id\":2}")];
        assert_eq!(json(&view)["bullets"], serde_json::json!([{"id": 1}, {"id": 2}]));
    }

    #[test]
    fn limits_are_1_to_500_and_cursors_ours() {
        assert_eq!(limit(None).unwrap(), 100);
        for bad in ["0", "501", "-1", "x", "", "1e9"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
        assert!(cursor(None).unwrap().is_none());
        assert!(cursor(Some("nonsense")).is_err());
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused_in_form(
            query in "((after|limit|.{0,5})=(%[0-9a-f]{2}|MS4wLjAu|[0-9]{0,25}|.{0,9})&){0,4}",
        ) {
            if let Ok(Query(Parameters { after, limit: wanted })) = Query::from_query(&query) {
                let problems = [
                    cursor(after.as_deref()).err(),
                    limit(wanted.as_deref()).err(),
                ];
                prop_assert!(problems.into_iter().flatten().all(|it| it.status().as_u16() == 400));
            }
        }
    }
}

//! `GET /feed`: the newest bullets after a cursor, and the counts.

use std::collections::BTreeMap;
use std::time::Instant;

use actix_web::http::header;
use actix_web::web::{Data, Query, QueryConfig};
use actix_web::{HttpResponse, error};
use barrage::health::{Dependency, Readiness};
use barrage::time::{Millis, Rfc3339};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::metrics;
use crate::reader::cursor::Cursor;
use crate::reader::feed::{Feed, View};
use crate::reader::progress::{Counts, Expired, Progress, Totals};
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
    problems: Vec<Part>,
}

#[derive(Serialize)]
struct TotalsJson {
    since: Option<Rfc3339>,
    #[serde(flatten)]
    counts: Counts,
    expired_since: Option<Rfc3339>,
}

/// A part that does not answer, and what this means for people.
#[derive(Serialize)]
struct Part {
    part: &'static str,
    since: Rfc3339,
    text: String,
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
    parameters: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let after = cursor(parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let (view, totals) = feed.view_with(after.as_ref(), limit, || progress.totals());
    let busy = view.passed > 0 || totals.counts.waiting > 0;
    let least = if busy { POLL_BUSY } else { POLL_IDLE };
    let poll_after = viewers.poll_after(least, Instant::now());
    let body = answer(&view, totals, poll_after, problems(&readiness, totals, Millis::now()));
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

fn answer(view: &View, totals: Totals, poll_after_ms: u32, problems: Vec<Part>) -> Vec<u8> {
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
    });
    let rest = rest.expect("the answer is texts and numbers");
    let bullets = view.bullets.join(&b","[..]);
    // One object: the bullets as its first member, then the others.
    [br#"{"bullets":["#, &bullets[..], b"],", &rest[1..]].concat()
}

/// What does not work, or did not a moment ago. `reader` and `processing` are left out where another problem explains
/// them.
fn problems(readiness: &Readiness, totals: Totals, now: Millis) -> Vec<Part> {
    let away = |(part, it): (&'static str, Dependency)| {
        (!it.ready).then(|| Part { part, since: it.since, text: meaning(part, it.reason) })
    };
    let mut parts: Vec<_> = readiness.report().dependencies.into_iter().filter_map(away).collect();
    if parts.len() > 1 {
        parts.retain(|it| it.part != "reader");
    }
    if let (true, Some(since)) = (parts.is_empty(), totals.stalled_since) {
        parts.push(Part { part: PROCESSING, since, text: meaning(PROCESSING, None) });
    }
    let is_recent = |expired: &Expired| now.0 - expired.last.0 < RETENTION_SHOWN.0;
    if let Some(expired) = totals.expired.filter(is_recent) {
        let text = format!(
            "Kafka deleted {} messages before they were processed: its retention is too short for the backlog.",
            totals.counts.expired
        );
        parts.push(Part { part: RETENTION, since: expired.since.rfc3339(), text });
    }
    parts
}

/// How long after the last message expired this is a problem. The totals have it as long as the homepage runs.
const RETENTION_SHOWN: Millis = Millis(60_000);

/// The part between Kafka and the table. A homepage has no connection to it, but sees whether rows appear.
const PROCESSING: &str = "processing";
/// Kafka's retention, which deletes records whether they were processed or not.
const RETENTION: &str = "retention";

fn meaning(part: &str, reason: Option<String>) -> String {
    if let ("partitions", Some(reason)) = (part, reason) {
        return format!("{reason}. Its messages wait. All other partitions go on.");
    }
    let text = match part {
        "kafka" => "Kafka does not answer. Nothing can be sent. Accepted messages are safe.",
        "table" => {
            "The table does not answer. Messages are safe in Kafka and appear when it is back."
        }
        "sending" => "Kafka refuses messages from this homepage. Accepted messages are safe.",
        "reader" => "Results cannot be read now. Messages are safe and appear later.",
        PROCESSING => {
            "Messages wait, and none was finished for a while. They are safe in Kafka. The event-router or \
             the message-processors do not work, or they are busy with earlier messages."
        }
        "homepage" => {
            "This homepage is stopping. Nothing can be sent here. Accepted messages are safe."
        }
        _ => "This part does not answer.",
    };
    text.to_owned()
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
    fn that_nothing_is_finished_is_said_only_where_nothing_else_explains_it() {
        let readiness = Readiness::default();
        let (kafka, reader) = (readiness.dependency("kafka"), readiness.dependency("reader"));
        let stalled = Some(Millis(0).rfc3339());
        let parts = |stalled_since| {
            let totals = Totals { stalled_since, ..Totals::default() };
            let parts = problems(&readiness, totals, Millis(0));
            parts.iter().map(|it| it.part).collect::<Vec<_>>()
        };
        assert_eq!(parts(stalled), ["kafka"]);
        kafka.up();
        assert_eq!(parts(stalled), ["reader"]);
        reader.up();
        assert_eq!(parts(stalled), ["processing"]);
        assert!(parts(None).is_empty());
    }

    #[test]
    fn expired_messages_are_a_problem_for_a_minute() {
        let expired = Some(Expired { since: Millis(1_000), last: Millis(2_000) });
        let totals = Totals { expired, ..Totals::default() };
        let parts = |now| problems(&Readiness::default(), totals, Millis(now)).len();
        assert_eq!((parts(2_000), parts(61_999), parts(62_000)), (1, 1, 0));
    }

    #[test]
    fn a_partition_that_cannot_be_read_is_named() {
        let readiness = Readiness::default();
        let partitions = readiness.partial_dependency("partitions");
        assert!(problems(&readiness, Totals::default(), Millis(0)).is_empty());
        partitions.denied("partition 3 cannot be read at offset 42: bad checksum");
        let problems = problems(&readiness, Totals::default(), Millis(0));
        let text = "partition 3 cannot be read at offset 42: bad checksum. Its messages wait. All other \
                    partitions go on.";
        assert_eq!((problems[0].part, problems[0].text.as_str()), ("partitions", text));
    }

    #[test]
    fn an_answer_is_one_json_object_with_or_without_bullets() {
        let mut view = view();
        let json = |view: &View| -> serde_json::Value {
            serde_json::from_slice(&answer(view, Totals::default(), 400, Vec::new())).unwrap()
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

//! `GET /messages/{partition}/{offset}`: what became of the message at a place, whoever has sent it.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use barrage::kafka;
use barrage::position::{Offset, Position};
use barrage::table::Row;
use barrage::time::Millis;
use serde::Serialize;

use super::Api;
use super::problem::Problem;
use crate::reader::known::Standing;
use crate::row_json::RowJson;

/// How far a message is.
#[derive(Serialize)]
struct Progress<'a> {
    state: State,
    row: Option<RowJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Stored,
    FinishedWithoutRow,
}

/// What the reader knows of the place is an answer, or says what must be asked. Whoever causes a question
/// to Kafka or the table is counted, so that nobody can ask without end.
pub(super) async fn show(
    api: Data<Api>,
    request: HttpRequest,
    place: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let at = parse(&api, &place).ok_or_else(unknown)?;
    let standing = api.wall.standing(at.partition, at.offset);
    let standing = standing.ok_or_else(Problem::cannot_tell)?;
    if standing != Standing::Waiting
        && let Some(client) = request.peer_addr()
    {
        api.clients.count_question(client.ip())?;
    }
    match standing {
        Standing::Waiting if api.reader.is_up() => Ok(answer(State::Waiting, None)),
        Standing::Waiting => Err(Problem::cannot_tell()),
        Standing::Beyond if lies_in_kafka(&api, &at).await? => Ok(answer(State::Waiting, None)),
        Standing::Beyond => Err(unknown()),
        Standing::Finished { in_doubt } => finished(&api, &at, in_doubt).await,
        Standing::Before => {
            let earliest = api.offsets.low_watermarks(&[at.partition]).await.map_err(away)?;
            match earliest.get(&at.partition) {
                Some(earliest) if *earliest <= at.offset => finished(&api, &at, true).await,
                Some(_) => Err(unknown()),
                None => Err(Problem::cannot_tell()),
            }
        }
    }
}

fn parse(api: &Api, (partition, offset): &(String, String)) -> Option<Position> {
    let partition = partition.parse().ok().filter(|partition| *partition >= 0)?;
    let offset = offset.parse().ok().and_then(Offset::new)?;
    Some(Position { topic: api.topic.clone(), partition, offset })
}

/// Whether there is a record that the reader has not heard of yet: another homepage has just sent it.
async fn lies_in_kafka(api: &Api, at: &Position) -> Result<bool, Problem> {
    if !api.offsets.partitions().await.map_err(away)?.contains(&at.partition) {
        return Ok(false);
    }
    let latest = api.offsets.high_watermarks(&[at.partition]).await.map_err(away)?;
    let end = latest.get(&at.partition).ok_or_else(Problem::cannot_tell)?;
    Ok(at.offset < *end)
}

/// The answer for a finished record. A row that was there before this run is its own only if it has the id
/// of the record that lies at its place now.
async fn finished(api: &Api, at: &Position, in_doubt: bool) -> Result<HttpResponse, Problem> {
    let found = api.table.get(std::slice::from_ref(at)).await?;
    if found.looked_up.is_empty() {
        return Err(Problem::cannot_tell());
    }
    let now = Millis::now();
    let row = found.rows.into_iter().find(|row| !row.expires_at.has_surely_passed(now));
    match row {
        Some(row) if !in_doubt || is_of_its_record(api, &row).await? => {
            Ok(answer(State::Stored, Some(&row)))
        }
        _ => Ok(answer(State::FinishedWithoutRow, None)),
    }
}

async fn is_of_its_record(api: &Api, row: &Row) -> Result<bool, Problem> {
    let Position { partition, offset, .. } = row.position;
    let ids = api.ids.between(partition, offset, offset.next()).await.map_err(away)?;
    Ok(ids.get(&offset) == Some(&row.id))
}

fn answer(state: State, row: Option<&Row>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Progress { state, row: row.map(RowJson::result) })
}

fn unknown() -> Problem {
    Problem::not_found("message")
}

fn away(error: kafka::Error) -> Problem {
    tracing::warn!(%error, "a request needs Kafka");
    Problem::cannot_tell()
}

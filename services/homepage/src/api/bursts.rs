//! `/bursts`: begin, look at and stop a burst.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder};
use tokio::time::timeout;
use uuid::Uuid;

use super::body::{self, Body};
use super::page;
use super::problem::Problem;
use super::{Api, elsewhere};
use crate::burst::Snapshot;
use crate::page::language::Locale;
use crate::request::{BurstRequest, RawFields};

/// How long an answer waits for a burst's row. Without a table a burst is sent all the same.
const ROW_PATIENCE: Duration = Duration::from_millis(500);

/// `POST /bursts`: JSON gets 202 and `Location`; a form is sent back to the page.
pub(super) async fn start(
    api: Data<Api>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let Body { raw, is_form } = body::read(&request, payload).await?;
    match begin(&api, &request, &raw).await {
        Ok(_) if is_form => {
            let page = format!("/{}", Locale::of(&request).query("?"));
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, page)).finish())
        }
        Ok(snapshot) => Ok(HttpResponse::Accepted()
            .insert_header((header::LOCATION, format!("/bursts/{}", snapshot.id)))
            .json(snapshot)),
        Err(problem) if is_form => page::refuse(&api, &request, &raw, &problem),
        Err(problem) => Err(problem),
    }
}

async fn begin(api: &Api, request: &HttpRequest, raw: &RawFields) -> Result<Snapshot, Problem> {
    let burst = BurstRequest::parse(raw).map_err(Problem::fields)?;
    api.bursts.check_rate(&burst).map_err(Problem::fields)?;
    if let Some(client) = request.peer_addr() {
        api.clients.count(client.ip())?;
    }
    api.require_kafka().await?;
    let burst = api.bursts.start(burst)?;
    // Whichever homepage is asked for it next is to know it, even if this one dies.
    let _written = timeout(ROW_PATIENCE, burst.written.cancelled()).await;
    Ok(burst.snapshot())
}

/// `GET /bursts/{id}`: of this homepage's bursts as they are now, of others as they were last written.
pub(super) async fn show(api: Data<Api>, id: Path<String>) -> Result<impl Responder, Problem> {
    let id = parse(&id)?;
    let snapshot = match api.bursts.find(id) {
        Some(burst) => burst.snapshot(),
        None => elsewhere::find(&api, id).await?.into(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(snapshot))
}

/// `DELETE /bursts/{id}`: its senders stop; what was accepted is finished all the same. Whichever homepage
/// runs it is asked by the burst's row, so it may take a second until it has stopped.
pub(super) async fn stop(api: Data<Api>, id: Path<String>) -> Result<impl Responder, Problem> {
    let id = parse(&id)?;
    let (snapshot, had_ended) = match api.bursts.find(id) {
        Some(burst) => {
            let snapshot = burst.snapshot();
            burst.stop.cancel();
            let had_ended = snapshot.state.is_final();
            (snapshot, had_ended)
        }
        None => {
            let (row, had_ended) = elsewhere::stop(&api, id).await?;
            (row.into(), had_ended)
        }
    };
    Ok(if had_ended { HttpResponse::Ok() } else { HttpResponse::Accepted() }.json(snapshot))
}

/// The id in the address. What is no id names no burst.
pub(super) fn parse(id: &str) -> Result<Uuid, Problem> {
    id.parse().map_err(|_| Problem::not_found("burst"))
}

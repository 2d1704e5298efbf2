//! `/bursts`: begin, show and stop a burst.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use tokio::time::timeout;

use super::admission::Admission;
use super::body::Body;
use super::caller::Caller;
use super::extract::BurstId;
use super::page::Pages;
use super::problem::Problem;
use crate::burst::{Burst, Bursts, RemoteBursts, Snapshot};
use crate::page::language::Locale;
use crate::page::notice::Sent;
use crate::page::public_url::PublicUrl;
use crate::request::{BurstRequest, RawFields};

/// How long an answer waits for a burst's row. Without a table a burst is sent all the same.
const ROW_PATIENCE: Duration = Duration::from_millis(500);

/// `POST /bursts`: JSON gets 202 and `Location`; a form gets 303 to the page, or the page with its errors.
pub(super) async fn start(
    bursts: Data<Bursts>,
    admission: Data<Admission>,
    pages: Data<Pages>,
    caller: Caller,
    (locale, public): (Locale, Result<PublicUrl, Problem>),
    Body { raw, is_form }: Body,
) -> Result<HttpResponse, Problem> {
    let visit = caller.visit;
    let answer = match begin(&bursts, &admission, caller, &raw).await {
        Ok(burst) if is_form => {
            let base_path = &pages.settings.base_path;
            let page = format!("{base_path}{}", locale.query("?"));
            let sent = Sent { messages: burst.request.planned() }.cookie(base_path);
            let mut response = HttpResponse::SeeOther();
            let response = response.insert_header((header::LOCATION, page));
            Ok(response.insert_header((header::SET_COOKIE, sent)).finish())
        }
        Ok(burst) => Ok(accepted(&pages, &burst.snapshot())),
        Err(problem) if is_form => pages.refused(locale, public?, &raw, &problem),
        Err(problem) => Err(problem),
    };
    Ok(pages.introduce(visit, answer))
}

/// 202 with the burst, and where it is found.
pub(super) fn accepted(pages: &Pages, snapshot: &Snapshot) -> HttpResponse {
    let burst = format!("{}bursts/{}", pages.settings.base_path, snapshot.id);
    HttpResponse::Accepted().insert_header((header::LOCATION, burst)).json(snapshot)
}

/// Starts a burst, if its fields are valid and nothing is over a limit.
pub(super) async fn begin(
    bursts: &Bursts,
    admission: &Admission,
    caller: Caller,
    raw: &RawFields,
) -> Result<Arc<Burst>, Problem> {
    let burst = BurstRequest::parse(raw).map_err(Problem::fields)?;
    bursts.check_rate(&burst).map_err(Problem::fields)?;
    admission.admit(caller.address).await?;
    let burst = bursts.start(burst, caller.client(), caller.trace)?;
    // Every homepage knows a burst by its row, even if this homepage dies.
    let _written = timeout(ROW_PATIENCE, burst.written.cancelled()).await;
    Ok(burst)
}

/// `GET /bursts/{id}`: of this homepage's bursts as they are now, of others as they were last written.
pub(super) async fn show(
    bursts: Data<Bursts>,
    remote: Data<RemoteBursts>,
    BurstId(id): BurstId,
) -> Result<impl Responder, Problem> {
    let snapshot = match bursts.find(id) {
        Some(burst) => burst.snapshot(),
        None => remote.find(id).await?.into(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(snapshot))
}

/// `DELETE /bursts/{id}`: its senders stop; what was accepted is finished all the same. Another homepage reads
/// the request to stop in the burst's row, so it may take a second.
pub(super) async fn stop(
    bursts: Data<Bursts>,
    remote: Data<RemoteBursts>,
    BurstId(id): BurstId,
) -> Result<impl Responder, Problem> {
    let (snapshot, had_ended) = match bursts.find(id) {
        Some(burst) => {
            let snapshot = burst.snapshot();
            burst.stop.cancel();
            let had_ended = snapshot.state.is_final();
            (snapshot, had_ended)
        }
        None => {
            let (row, had_ended) = remote.stop(id).await?;
            (row.into(), had_ended)
        }
    };
    Ok(if had_ended { HttpResponse::Ok() } else { HttpResponse::Accepted() }.json(snapshot))
}

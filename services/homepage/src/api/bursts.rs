//! `/bursts`: begin, show and stop a burst.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use serde::Serialize;
use tokio::time::timeout;

use super::admission::Admission;
use super::body::Body;
use super::caller::Caller;
use super::extract::BurstId;
use super::page::Pages;
use super::problem::Problem;
use crate::burst::{Burst, Bursts, Keys, Owner, RemoteBursts, Snapshot};
use crate::limits::ClientLimits;
use crate::page::language::Locale;
use crate::page::notice::Sent;
use crate::page::public_url::PublicUrl;
use crate::request::{BurstRequest, RawFields};
use crate::token::Token;

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
        Ok(Begun { burst, .. }) if is_form => {
            let base_path = &pages.settings.base_path;
            let page = format!("{base_path}{}", locale.query("?"));
            let sent = Sent { messages: burst.request.planned() }.cookie(base_path);
            let mut response = HttpResponse::SeeOther();
            let response = response.insert_header((header::LOCATION, page));
            Ok(response.insert_header((header::SET_COOKIE, sent)).finish())
        }
        Ok(begun) => Ok(accepted(&pages, &begun)),
        Err(problem) if is_form => pages.refused(locale, public?, &raw, &problem),
        Err(problem) => Err(problem),
    };
    Ok(pages.introduce(visit, answer))
}

/// A burst that has begun, and what stops it.
pub(super) struct Begun {
    pub(super) burst: Arc<Burst>,
    stop_token: Token,
}

/// The body of the answer. No other answer has the token.
#[derive(Serialize)]
struct BegunJson {
    #[serde(flatten)]
    snapshot: Snapshot,
    stop_token: String,
}

/// 202 with the burst, where it is found, and what stops it.
pub(super) fn accepted(pages: &Pages, begun: &Begun) -> HttpResponse {
    let Begun { burst, stop_token } = begun;
    let address = format!("{}bursts/{}", pages.settings.base_path, burst.id);
    let body = BegunJson { snapshot: burst.snapshot(), stop_token: stop_token.expose() };
    let mut response = HttpResponse::Accepted();
    response.insert_header((header::LOCATION, address));
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// Starts a burst, if its fields are valid and nothing is over a limit.
pub(super) async fn begin(
    bursts: &Bursts,
    admission: &Admission,
    caller: Caller,
    raw: &RawFields,
) -> Result<Begun, Problem> {
    let burst = BurstRequest::parse(raw).map_err(Problem::fields)?;
    bursts.check_rate(&burst).map_err(Problem::fields)?;
    admission.admit_burst(&caller).await?;
    let stop_token = Token::random();
    // Also of a device that comes to be with this answer: the next request has its cookie.
    let owner = Owner::new(stop_token, caller.visit.device);
    let burst = bursts.start(burst, (caller.client(), owner), caller.trace)?;
    // Every homepage knows a burst by its row, even if this homepage dies.
    let _written = timeout(ROW_PATIENCE, burst.written.cancelled()).await;
    Ok(Begun { burst, stop_token })
}

/// `GET /bursts/{id}`: of this homepage's bursts as they are now, of others as they were last written. Those count
/// against the client's limit, because the table must answer.
pub(super) async fn show(
    (bursts, remote): (Data<Bursts>, Data<RemoteBursts>),
    clients: Data<ClientLimits>,
    caller: Caller,
    BurstId(id): BurstId,
) -> Result<impl Responder, Problem> {
    let snapshot = match bursts.find(id) {
        Some(burst) => burst.snapshot(),
        None => {
            caller.count_lookup(&clients)?;
            remote.find(id).await?.into()
        }
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(snapshot))
}

/// `DELETE /bursts/{id}` by its owner: its senders stop; what was accepted is finished all the same. Another homepage
/// reads the request to stop in the burst's row, so it may take a second.
pub(super) async fn stop(
    (bursts, remote): (Data<Bursts>, Data<RemoteBursts>),
    clients: Data<ClientLimits>,
    caller: Caller,
    keys: Keys,
    BurstId(id): BurstId,
) -> Result<impl Responder, Problem> {
    let check = |owner: &Owner| if owner.has(keys) { Ok(()) } else { Err(Problem::not_yours()) };
    let (snapshot, had_ended) = match bursts.find(id) {
        Some(burst) => {
            check(&burst.owner)?;
            let snapshot = burst.snapshot();
            burst.stop.cancel();
            let had_ended = snapshot.state.is_final();
            (snapshot, had_ended)
        }
        None => {
            caller.count_lookup(&clients)?;
            check(&Owner::of(&remote.row(id).await?))?;
            let (row, had_ended) = remote.stop(id).await?;
            (row.into(), had_ended)
        }
    };
    Ok(if had_ended { HttpResponse::Ok() } else { HttpResponse::Accepted() }.json(snapshot))
}

//! `POST /messages` sends one message and answers once Kafka has it. `GET /messages/{partition}/{offset}` shows
//! how far a message is.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use barrage::kafka;
use barrage::position::Offset;
use barrage::shutdown::with_sources;
use serde::Serialize;
use uuid::Uuid;

use super::admission::Admission;
use super::body::Body;
use super::caller::Caller;
use super::page::Pages;
use super::problem::Problem;
use crate::limits::ClientLimits;
use crate::lookup::{Error, Lookup, State};
use crate::page::language::Locale;
use crate::page::notice::Sent;
use crate::producer::{MessageProducer, OutgoingMessage};
use crate::reader::record_status::RecordStatus;
use crate::request::{MessageRequest, RawFields};
use crate::row_json::RowJson;

/// How long a person waits for Kafka's acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The position of an accepted message.
#[derive(Serialize)]
struct Accepted {
    id: Uuid,
    partition: i32,
    offset: i64,
    /// How long until the next message of this device is accepted; 0 for a request without a device.
    cooldown_ms: u64,
}

/// `POST /messages`: JSON gets 202; a form gets 303 to the guest's page, or that page with its errors.
///
/// A single message is a burst of its own: `burst` is its id, `sender` and `seq` are 1.
pub(super) async fn send(
    admission: Data<Admission>,
    producer: Data<MessageProducer>,
    pages: Data<Pages>,
    (caller, locale): (Caller, Locale),
    Body { raw, is_form }: Body,
) -> HttpResponse {
    let visit = caller.visit;
    let answer = match accept(&admission, &producer, caller, &raw).await {
        Ok(_) if is_form => Ok(back_to_the_form(&pages, locale)),
        Ok(accepted) => Ok(HttpResponse::Accepted().json(accepted)),
        Err(problem) if is_form => pages.join_refused(locale, &raw, &problem),
        Err(problem) => Err(problem),
    };
    pages.introduce(visit, answer)
}

/// 303 to the guest's page, which says once that the message was sent.
fn back_to_the_form(pages: &Pages, locale: Locale) -> HttpResponse {
    let base_path = &pages.settings.base_path;
    let page = format!("{base_path}join{}", locale.query("?"));
    let sent = Sent { messages: 1 }.cookie(base_path);
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, page));
    response.insert_header((header::SET_COOKIE, sent)).finish()
}

/// Sends a message, if its fields are valid and nothing is over a limit, and waits for Kafka.
async fn accept(
    admission: &Admission,
    producer: &MessageProducer,
    caller: Caller,
    raw: &RawFields,
) -> Result<Accepted, Problem> {
    let request = MessageRequest::parse(raw).map_err(Problem::fields)?;
    admission.admit_message(&caller).await?;
    let device = caller.visit.known();
    // Last, so that a message that is invalid, or that comes while Kafka is away, does not count.
    let next = admission.clients.count_message(device)?;
    let id = Uuid::now_v7();
    let message = OutgoingMessage {
        id,
        text: &request.message,
        name: request.name.as_ref(),
        burst: id,
        sender: 1,
        seq: 1,
        traced: true,
        caller: caller.trace.as_ref(),
    };
    match tokio::time::timeout(ACK_TIMEOUT, producer.send(message)).await {
        Ok(Ok(at)) => {
            let cooldown_ms = next.map_or(0, millis_until);
            Ok(Accepted { id, partition: at.partition, offset: at.offset.get(), cooldown_ms })
        }
        Ok(Err(error)) => {
            tracing::warn!(message = %id, error = with_sources(&error), "message {id} was not accepted");
            if !is_refusal(&error) {
                return Err(Problem::not_acknowledged(next));
            }
            admission.clients.give_back_message(device, next);
            Err(Problem::kafka_away())
        }
        // It may still appear, so it counts.
        Err(_) => Err(Problem::not_acknowledged(next)),
    }
}

/// Whether Kafka surely has no record of this message.
fn is_refusal(error: &kafka::Error) -> bool {
    use kafka::Error as E;
    matches!(
        error,
        E::NoTopic(_) | E::NotCreated(..) | E::Denied(_) | E::TooLarge | E::Configuration(_)
    )
}

/// Rounded up, so that nobody comes too early.
fn millis_until(at: Instant) -> u64 {
    let rest = at.saturating_duration_since(Instant::now());
    u64::try_from(rest.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[derive(Serialize)]
struct ProgressJson<'a> {
    state: &'static str,
    row: Option<RowJson<'a>>,
}

/// How far the message at a position is. A request that Kafka or the table must answer counts against the client's limit.
pub(super) async fn show(
    lookup: Data<Lookup>,
    clients: Data<ClientLimits>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (partition, offset) = path.into_inner();
    let partition = partition.parse().ok().filter(|partition| *partition >= 0);
    let offset = offset.parse().ok().and_then(Offset::new);
    let (Some(partition), Some(offset)) = (partition, offset) else {
        return Err(Error::NoRecord.into());
    };
    let at = lookup.position(partition, offset);
    let status = lookup.status(&at)?;
    if status != RecordStatus::Waiting {
        caller.count_lookup(&clients)?;
    }
    let state = lookup.state(&at, status).await?;
    let (state, row) = match &state {
        State::Waiting => ("waiting", None),
        State::Stored(row) => ("stored", Some(RowJson::result(row))),
        State::FinishedWithoutRow => ("finished_without_row", None),
        State::Expired => ("expired", None),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(ProgressJson { state, row }))
}

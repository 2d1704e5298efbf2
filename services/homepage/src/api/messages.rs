//! `POST /messages` sends one message and answers once Kafka has it. `GET /messages/{partition}/{offset}` shows
//! how far a message is.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use barrage::position::Offset;
use barrage::shutdown::with_sources;
use serde::Serialize;
use uuid::Uuid;

use super::admission::Admission;
use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use crate::limits::ClientLimits;
use crate::lookup::{Error, Lookup, State};
use crate::producer::{MessageProducer, OutgoingMessage};
use crate::reader::record_status::RecordStatus;
use crate::request::MessageRequest;
use crate::row_json::RowJson;

/// How long a person waits for Kafka's acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The position of an accepted message.
#[derive(Serialize)]
struct Accepted {
    id: Uuid,
    partition: i32,
    offset: i64,
}

/// Sends one message. It is a burst of its own: `burst` is its id, `sender` and `seq` are 1.
pub(super) async fn send(
    admission: Data<Admission>,
    producer: Data<MessageProducer>,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let request = MessageRequest::parse(&body.raw).map_err(Problem::fields)?;
    admission.admit(caller.address).await?;
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
            let accepted = Accepted { id, partition: at.partition, offset: at.offset.get() };
            Ok(HttpResponse::Accepted().json(accepted))
        }
        Ok(Err(error)) => {
            let error = with_sources(&error);
            tracing::warn!(message = %id, %error, "message {id} was not accepted");
            Err(Problem::not_acknowledged())
        }
        Err(_) => Err(Problem::not_acknowledged()),
    }
}

#[derive(Serialize)]
struct ProgressJson<'a> {
    state: &'static str,
    row: Option<RowJson<'a>>,
}

/// How far the message at a position is. A request that Kafka or the table must answer counts against the
/// client's limit, so that nobody overloads them.
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
    if status != RecordStatus::Waiting
        && let Some(client) = caller.address
    {
        clients.count_lookup(client)?;
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

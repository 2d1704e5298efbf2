//! `POST /messages`: one message, answered when Kafka has it.

use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use barrage::shutdown::with_sources;
use serde::Serialize;
use uuid::Uuid;

use super::problem::Problem;
use super::{Api, body};
use crate::producer::Outgoing;
use crate::request::message;

/// How long a person waits for Kafka's acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a message lies.
#[derive(Serialize)]
struct Accepted {
    id: Uuid,
    partition: i32,
    offset: i64,
}

/// Sends one message. It is a burst of its own: its id, sender 1, number 1.
pub(super) async fn send(
    api: Data<Api>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let raw = body::read(&request, payload).await?.raw;
    let text = message(&raw).map_err(Problem::fields)?;
    if let Some(client) = request.peer_addr() {
        api.clients.count(client.ip())?;
    }
    api.require_kafka().await?;
    let id = Uuid::now_v7();
    let message = Outgoing { id, text: &text, burst: id, sender: 1, seq: 1, traced: true };
    match tokio::time::timeout(ACK_TIMEOUT, api.sender.send(message)).await {
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

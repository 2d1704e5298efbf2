//! All that is served on the one port.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use barrage::health::{self, Readiness};
use barrage::position::Topic;
use barrage::telemetry::Metrics;
use proto::message_processor_server::MessageProcessorServer;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::pb::health_server::{Health, HealthServer};

use crate::call::Calls;
use crate::cloudevents;
use crate::grpc::Grpc;

/// Both doors, the health of the processor, and its metrics.
pub(crate) fn router(
    calls: Arc<Calls>,
    topic: Topic,
    grpc_health: HealthServer<impl Health>,
    readiness: Readiness,
    metrics: Metrics,
) -> Router {
    Routes::new(MessageProcessorServer::new(Grpc::new(calls.clone())))
        .add_service(grpc_health)
        .into_axum_router()
        .merge(cloudevents::route(calls, topic))
        .merge(health::routes(readiness, metrics))
        .fallback(unknown)
}

/// gRPC says "no such service" with the HTTP status 200, which a sender of CloudEvents would take for
/// "stored". So it hears 404, which means "try again".
async fn unknown(headers: HeaderMap) -> Response {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    if content_type.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Status::unimplemented("there is no such service here").into_http::<Body>();
    }
    (StatusCode::NOT_FOUND, "there is nothing here; CloudEvents go to /\n").into_response()
}

//! What operators and programs read: health, metrics and the OpenAPI document.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use barrage::health::Readiness;
use barrage::telemetry::Metrics;

pub(super) async fn healthz() -> impl Responder {
    "ok\n"
}

pub(super) async fn readyz(readiness: Data<Readiness>) -> HttpResponse {
    let report = readiness.report();
    if report.ready {
        HttpResponse::Ok().json(report)
    } else {
        HttpResponse::ServiceUnavailable().json(report)
    }
}

pub(super) async fn metrics(metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type(Metrics::CONTENT_TYPE).body(metrics.render())
}

pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(include_str!("openapi.json"))
}

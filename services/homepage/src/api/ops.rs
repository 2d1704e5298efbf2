//! What operators and programs read: health, metrics and the OpenAPI document.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use barrage::health::Readiness;
use barrage::telemetry::Metrics;

use crate::config::Page;

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

/// Its paths are relative to the server, so behind a gateway the document names it.
pub(super) async fn openapi(page: Data<Page>) -> HttpResponse {
    let document = include_str!("openapi.json");
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if page.base_path.is_root() {
        return response.body(document);
    }
    let server = format!("{{\n  \"servers\": [{{ \"url\": \"{}\" }}],", page.base_path.prefix());
    response.body(document.replacen('{', &server, 1))
}

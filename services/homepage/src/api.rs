//! The page and the API over HTTP: the routes, and what their handlers get.

mod admission;
mod assets;
mod body;
mod bursts;
mod extract;
mod feed;
mod messages;
mod ops;
mod page;
mod problem;
mod results;

use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Route, guard};
use barrage::health::Readiness;
use barrage::telemetry::Metrics;

pub(crate) use self::admission::Admission;
pub(crate) use self::page::Pages;
use crate::assets::Assets;
use crate::burst::{Bursts, RemoteBursts, Results};
use crate::config::Page;
use crate::limits::ClientLimits;
use crate::lookup::Lookup;
use crate::producer::MessageProducer;
use crate::reader::feed::Feed;
use crate::reader::progress::Progress;
use crate::viewers::Viewers;

/// What the handlers need, one value for each concern. A handler takes the values that it uses.
#[derive(Clone)]
pub(crate) struct Handlers {
    pub(crate) admission: Data<Admission>,
    pub(crate) assets: Data<Assets>,
    pub(crate) bursts: Data<Bursts>,
    pub(crate) clients: Data<ClientLimits>,
    pub(crate) feed: Data<Feed>,
    pub(crate) lookup: Data<Lookup>,
    pub(crate) metrics: Data<Metrics>,
    pub(crate) pages: Data<Pages>,
    pub(crate) producer: Data<MessageProducer>,
    pub(crate) progress: Data<Progress>,
    pub(crate) readiness: Data<Readiness>,
    pub(crate) remote_bursts: Data<RemoteBursts>,
    pub(crate) results: Data<Results>,
    pub(crate) settings: Data<Page>,
    pub(crate) viewers: Data<Viewers>,
}

/// What answers GET answers HEAD as well.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// All routes.
pub(crate) fn routes(handlers: Handlers) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        provide(config, handlers);
        config
            .app_data(feed::query_config())
            .route("/", get().to(page::show))
            .route("/stage", get().to(page::stage))
            .route("/qr.svg", get().to(page::qr))
            .route("/static/{digest}/{file:.*}", get().to(assets::serve))
            .route("/bursts", web::post().to(bursts::start))
            .route("/bursts/{id}", get().to(bursts::show))
            .route("/bursts/{id}", web::delete().to(bursts::stop))
            .route("/bursts/{id}/results", get().to(results::stream))
            .route("/messages", web::post().to(messages::send))
            .route("/messages/{partition}/{offset}", get().to(messages::show))
            .route("/feed", get().to(feed::show))
            .route("/healthz", get().to(ops::healthz))
            .route("/readyz", get().to(ops::readyz))
            .route("/metrics", get().to(ops::metrics))
            .route("/openapi.json", get().to(ops::openapi))
            .default_service(web::to(problem::no_such_call));
    }
}

/// Makes each value known by its type.
fn provide(config: &mut ServiceConfig, handlers: Handlers) {
    config
        .app_data(handlers.admission)
        .app_data(handlers.assets)
        .app_data(handlers.bursts)
        .app_data(handlers.clients)
        .app_data(handlers.feed)
        .app_data(handlers.lookup)
        .app_data(handlers.metrics)
        .app_data(handlers.pages)
        .app_data(handlers.producer)
        .app_data(handlers.progress)
        .app_data(handlers.readiness)
        .app_data(handlers.remote_bursts)
        .app_data(handlers.results)
        .app_data(handlers.settings)
        .app_data(handlers.viewers);
}

/// Only what comes from this host is loaded, and no script inside the page itself is run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer tells the browser to refuse.
pub(crate) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
}

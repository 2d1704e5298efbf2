//! The page and the API over HTTP: the routes, and the values that their handlers get.

mod admission;
mod assets;
mod body;
mod bursts;
mod caller;
mod demo;
mod encoding;
mod extract;
mod feed;
mod messages;
mod ops;
mod page;
mod permission;
mod pipeline;
mod problem;
mod results;

use std::future::ready;

use actix_web::middleware::{Compress, DefaultHeaders};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};
use barrage::health::Readiness;
use barrage::telemetry::Metrics;

pub(crate) use self::admission::Admission;
pub(crate) use self::page::Pages;
pub(crate) use self::permission::Demo;
use self::problem::Problem;
use crate::assets::Assets;
use crate::burst::{Bursts, RemoteBursts, Results};
use crate::config::Page;
use crate::events::Events;
use crate::limits::ClientLimits;
use crate::lookup::Lookup;
use crate::pipeline::Pipeline;
use crate::producer::MessageProducer;
use crate::proxies::TrustedProxies;
use crate::publication::Publication;

/// The values that handlers need. Each handler takes, as `Data`, only those that it uses.
#[derive(Clone)]
pub(crate) struct Handlers {
    pub(crate) admission: Data<Admission>,
    pub(crate) assets: Data<Assets>,
    pub(crate) bursts: Data<Bursts>,
    pub(crate) clients: Data<ClientLimits>,
    pub(crate) demo: Data<Demo>,
    pub(crate) events: Data<Events>,
    pub(crate) lookup: Data<Lookup>,
    pub(crate) metrics: Data<Metrics>,
    pub(crate) pages: Data<Pages>,
    pub(crate) pipeline: Data<Pipeline>,
    pub(crate) producer: Data<MessageProducer>,
    pub(crate) proxies: Data<TrustedProxies>,
    pub(crate) publication: Data<Publication>,
    pub(crate) readiness: Data<Readiness>,
    pub(crate) remote_bursts: Data<RemoteBursts>,
    pub(crate) results: Data<Results>,
    pub(crate) settings: Data<Page>,
}

/// Adds every route, and the values that the handlers take. A gateway may strip the page's path or keep it, so all
/// routes are at the root, where probes find them, and below the path.
///
/// The feed comes first: it is asked for more often than all others together, and compresses its answers itself.
pub(crate) fn routes(handlers: Handlers) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let base = handlers.settings.base_path.clone();
        let has_controls = handlers.demo.controls;
        provide(config, handlers);
        config.app_data(feed::query_config()).service(get("/feed", feed::show));
        let demo: fn(&mut ServiceConfig) = if has_controls { add_controls } else { |_| () };
        let mut others = web::scope("").configure(add_routes).configure(demo);
        if !base.is_root() {
            config.service(get(&format!("{}/feed", base.prefix()), feed::show));
            // Its address without the slash is the page, too.
            let page = get("", page::show);
            let scope = web::scope(base.prefix()).service(page);
            others = others.service(scope.configure(add_routes).configure(demo));
        }
        config.service(others.wrap(Compress::default()));
        // All scopes take it from here.
        config.default_service(web::to(problem::no_such_address));
    }
}

fn add_routes(config: &mut ServiceConfig) {
    let burst = resource("/bursts/{id}", "GET, HEAD, DELETE");
    config
        .service(get("/", page::show))
        .service(get("/join", page::join))
        .service(get("/stage", page::stage))
        .service(get("/qr.svg", page::qr))
        .service(get("/static/{digest}/{file:.*}", assets::serve))
        .service(post("/bursts", bursts::start))
        .service(burst.route(read().to(bursts::show)).route(web::delete().to(bursts::stop)))
        .service(get("/bursts/{id}/results", results::stream))
        .service(post("/messages", messages::send))
        .service(get("/messages/{partition}/{offset}", messages::show))
        .service(get("/pipeline", pipeline::show))
        .service(get("/healthz", ops::healthz))
        .service(get("/readyz", ops::readyz))
        .service(get("/metrics", ops::metrics))
        .service(get("/openapi.json", ops::openapi));
}

/// The controls of a demo, only where they are allowed.
fn add_controls(config: &mut ServiceConfig) {
    config
        .service(get("/demo", demo::show))
        .service(put("/demo/processors", demo::set_processors))
        .service(put("/demo/work-ms", demo::set_work))
        .service(put("/demo/tour", demo::set_tour))
        .service(post("/demo/parts/{name}/kill", demo::kill))
        .service(post("/demo/parts/{name}/freeze", demo::freeze))
        .service(post("/demo/load/{preset}", demo::load));
}

fn get<H: Handler<T, Output: Responder>, T: FromRequest + 'static>(path: &str, to: H) -> Resource {
    resource(path, "GET, HEAD").route(read().to(to))
}

fn put<H: Handler<T, Output: Responder>, T: FromRequest + 'static>(path: &str, to: H) -> Resource {
    resource(path, "PUT").route(web::put().to(to))
}

fn post<H: Handler<T, Output: Responder>, T: FromRequest + 'static>(path: &str, to: H) -> Resource {
    resource(path, "POST").route(web::post().to(to))
}

/// GET and HEAD. actix leaves out the body of an answer to HEAD.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that answers any method without a route with 405 and this `Allow`.
fn resource(path: &str, allow: &'static str) -> Resource {
    let refuse = move || ready(Err::<HttpResponse, _>(Problem::method_not_allowed(allow)));
    web::resource(path).default_service(web::to(refuse))
}

/// Registers each value by its type.
fn provide(config: &mut ServiceConfig, handlers: Handlers) {
    config
        .app_data(handlers.admission)
        .app_data(handlers.assets)
        .app_data(handlers.bursts)
        .app_data(handlers.clients)
        .app_data(handlers.demo)
        .app_data(handlers.events)
        .app_data(handlers.lookup)
        .app_data(handlers.metrics)
        .app_data(handlers.pages)
        .app_data(handlers.pipeline)
        .app_data(handlers.producer)
        .app_data(handlers.proxies)
        .app_data(handlers.publication)
        .app_data(handlers.readiness)
        .app_data(handlers.remote_bursts)
        .app_data(handlers.results)
        .app_data(handlers.settings);
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

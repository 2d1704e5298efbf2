//! The page and the API over HTTP. Each call has a file of its own; errors are problem details.

mod assets;
mod body;
mod bursts;
mod elsewhere;
mod feed;
mod format;
mod messages;
mod ops;
mod page;
mod problem;
mod progress;
mod qr;
mod results;
mod security;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, Route, guard};
use barrage::health::{Probe, Readiness};
use barrage::kafka::{EventIds, Offsets, RecordCounter};
use barrage::position::Topic;
use barrage::retry::pause;
use barrage::table::Table;
use barrage::telemetry::Metrics;

pub(crate) use self::elsewhere::Recounts;
pub(crate) use self::problem::Problem;
use crate::assets::Assets;
use crate::burst::{Bursts, Pulses};
use crate::config::Page;
use crate::crowd::Crowd;
use crate::limits::Clients;
use crate::page::public_url::PublicUrl;
use crate::producer::Sender;
use crate::reader::wall::Wall;

pub(crate) use security::headers;

/// What the calls need.
pub(crate) struct Api {
    pub(crate) bursts: Bursts,
    pub(crate) wall: Arc<Wall>,
    pub(crate) sender: Arc<Sender>,
    pub(crate) table: Table,
    pub(crate) topic: Topic,
    pub(crate) offsets: Offsets,
    pub(crate) counter: RecordCounter,
    pub(crate) ids: EventIds,
    pub(crate) clients: Clients,
    pub(crate) crowd: Crowd,
    pub(crate) pulses: Pulses,
    pub(crate) recounts: Recounts,
    pub(crate) readiness: Readiness,
    /// Whether Kafka answers.
    pub(crate) kafka: Probe,
    /// Whether results can be read.
    pub(crate) reader: Probe,
    pub(crate) metrics: Metrics,
    pub(crate) assets: Assets,
    pub(crate) page: Page,
}

impl Api {
    /// Kafka is asked once a second: an older word may be out of date.
    const FRESH: Duration = Duration::from_millis(1500);
    const LOOK: Duration = Duration::from_millis(50);

    /// Waits for a fresh word of whether Kafka answers, a few seconds at most.
    ///
    /// # Errors
    /// When it does not.
    async fn require_kafka(&self) -> Result<(), Problem> {
        while self.kafka.is_up() {
            if self.kafka.last_up().is_some_and(|at| at.elapsed() < Self::FRESH) {
                return Ok(());
            }
            pause(Self::LOOK).await;
        }
        Err(Problem::kafka_away())
    }

    /// Where people reach the page: where we were told, else where this request has reached it.
    ///
    /// # Errors
    /// When the request names no host that could be one.
    fn public_url(&self, request: &HttpRequest) -> Result<PublicUrl, Problem> {
        let told = self.page.public_url.clone();
        let url = told.or_else(|| PublicUrl::of(request));
        url.ok_or_else(|| Problem::malformed("Host must be a host, with or without a port."))
    }
}

/// What answers GET answers HEAD as well.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// All routes.
pub(crate) fn routes(api: Data<Api>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(api)
            .app_data(web::PayloadConfig::new(body::MAX_BYTES))
            .app_data(feed::query_config())
            .route("/", get().to(page::show))
            .route("/stage", get().to(page::stage))
            .route("/qr.svg", get().to(qr::show))
            .route("/static/{digest}/{file:.*}", get().to(assets::serve))
            .route("/bursts", web::post().to(bursts::start))
            .route("/bursts/{id}", get().to(bursts::show))
            .route("/bursts/{id}", web::delete().to(bursts::stop))
            .route("/bursts/{id}/results", get().to(results::stream))
            .route("/messages", web::post().to(messages::send))
            .route("/messages/{partition}/{offset}", get().to(progress::show))
            .route("/feed", get().to(feed::show))
            .route("/healthz", get().to(ops::healthz))
            .route("/readyz", get().to(ops::readyz))
            .route("/metrics", get().to(ops::metrics))
            .route("/openapi.json", get().to(ops::openapi))
            .default_service(web::to(problem::no_such_call));
    }
}

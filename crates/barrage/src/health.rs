//! `/healthz`, `/readyz` and `/metrics`: whether the process lives, whether its dependencies answer, and
//! what it counts.

mod liveness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::telemetry::Metrics;
use crate::time::{Millis, Rfc3339};

pub use liveness::{NotAlive, check_liveness};

/// What is known of each dependency. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Dependency>>>);

/// One dependency's last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Whether it answered.
    pub ready: bool,
    /// Since when this is so.
    pub since: Rfc3339,
    /// Why it is not ready, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it answered last.
    #[serde(skip)]
    pub last_up: Option<Instant>,
    /// Which refusal the log has told of since then.
    #[serde(skip)]
    told: Option<String>,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether all dependencies answer.
    pub ready: bool,
    /// Each by its name.
    pub dependencies: BTreeMap<&'static str, Dependency>,
}

impl Readiness {
    /// A handle by which one dependency is reported. It counts as not ready until reported.
    pub fn dependency(&self, name: &'static str) -> Probe {
        let probe = Probe { readiness: self.clone(), name };
        probe.down(UNKNOWN);
        probe
    }

    /// What is known now.
    pub fn report(&self) -> Report {
        let dependencies = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Report { ready: dependencies.values().all(|dependency| dependency.ready), dependencies }
    }

    fn set(&self, name: &'static str, ready: bool, reason: Option<String>, is_refusal: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(name);
        let last_up = before.and_then(|before| before.last_up);
        let last_up = if ready { Some(Instant::now()) } else { last_up };
        let is_same = |before: &&Dependency| {
            before.ready == ready && before.reason.as_deref() != Some(UNKNOWN)
        };
        let same = before.filter(is_same);
        let since = same.map_or_else(|| Millis::now().rfc3339(), |before| before.since);
        let mut told = same.and_then(|before| before.told.clone());
        if same.is_none() || (is_refusal && told != reason) {
            log_change(name, ready, reason.as_deref());
            told = reason.clone().filter(|_| is_refusal);
        }
        known.insert(name, Dependency { ready, since, reason, last_up, told });
    }
}

/// What is said of a dependency that was not asked yet.
const UNKNOWN: &str = "has not answered yet";

fn log_change(name: &str, ready: bool, reason: Option<&str>) {
    match (ready, reason) {
        (_, Some(UNKNOWN)) => {}
        (true, _) => tracing::info!(dependency = name, "{name} is ready"),
        (false, reason) => {
            let reason = reason.unwrap_or("no reason is known");
            tracing::warn!(dependency = name, "{name} is not ready: {reason}");
        }
    }
}

/// Reports one dependency.
#[derive(Clone, Debug)]
pub struct Probe {
    readiness: Readiness,
    name: &'static str,
}

impl Probe {
    /// It answers.
    pub fn up(&self) {
        self.readiness.set(self.name, true, None, false);
    }

    /// It does not answer, or refuses.
    pub fn down(&self, reason: impl Into<String>) {
        self.readiness.set(self.name, false, Some(reason.into()), false);
    }

    /// It answers, but refuses us: somebody has to do something. So it is told in the log too where it
    /// comes after another reason.
    pub fn denied(&self, reason: impl Into<String>) {
        self.readiness.set(self.name, false, Some(reason.into()), true);
    }

    /// Reports a result: an error is a reason.
    pub fn report<T, E: std::error::Error>(&self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.up(),
            Err(error) => self.down(crate::shutdown::with_sources(error)),
        }
    }

    /// Whether the last word was that it answers.
    pub fn is_up(&self) -> bool {
        self.known().is_some_and(|known| known.ready)
    }

    /// When it answered last.
    pub fn last_up(&self) -> Option<Instant> {
        self.known().and_then(|known| known.last_up)
    }

    fn known(&self) -> Option<Dependency> {
        let known = self.readiness.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(self.name).cloned()
    }
}

/// Answers the three routes on a port of their own, for ever.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Metrics,
) -> std::io::Result<()> {
    axum::serve(listener, routes(readiness, metrics)).await
}

/// The three routes, for services whose HTTP is axum.
pub fn routes(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let report = readiness.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

async fn render(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([("content-type", Metrics::CONTENT_TYPE)], metrics.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_not_ready_until_it_answered() {
        let readiness = Readiness::default();
        let kafka = readiness.dependency("kafka");
        assert!(!readiness.report().ready);
        kafka.up();
        assert!(readiness.report().ready);
    }

    #[test]
    fn the_time_stays_that_of_the_change() {
        let readiness = Readiness::default();
        let table = readiness.dependency("table");
        table.down("refused");
        let first = readiness.report().dependencies["table"].clone();
        table.down("timed out");
        let second = &readiness.report().dependencies["table"];
        assert_eq!(second.since, first.since);
        assert_eq!(second.reason.as_deref(), Some("timed out"));
    }
}

//! `/healthz` (the process is alive), `/readyz` (its dependencies answer) and `/metrics`.

mod liveness;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::telemetry::Metrics;
use crate::time::{Millis, Rfc3339};

pub use liveness::{NotAlive, check_liveness};

/// The state of each dependency. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Dependency>>>);

/// The state of one dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    pub ready: bool,
    /// The time of the last change of `ready`.
    pub since: Rfc3339,
    /// Why it is not ready, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The service is useful without it, and so ready.
    #[serde(skip)]
    is_partial: bool,
    /// When it was last reported ready.
    #[serde(skip)]
    pub last_up: Option<Instant>,
    /// The denial that was logged last since then.
    #[serde(skip)]
    logged_denial: Option<String>,
}

/// The body of an answer to `/readyz`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether all dependencies are ready that the service cannot do without.
    pub ready: bool,
    pub dependencies: BTreeMap<&'static str, Dependency>,
}

impl Readiness {
    /// Adds a dependency. It is not ready until its probe reports that it is.
    pub fn dependency(&self, name: &'static str) -> Probe {
        let probe = Probe { readiness: self.clone(), name };
        probe.down(UNKNOWN);
        probe
    }

    /// Adds a dependency that only a part of the work needs. It is reported, and ready at first. The service stays
    /// ready without it, so that it goes on with all the rest.
    pub fn partial_dependency(&self, name: &'static str) -> Probe {
        let probe = self.dependency(name);
        if let Some(dependency) = self.0.lock().get_mut(name) {
            (dependency.is_partial, dependency.ready, dependency.reason) = (true, true, None);
        }
        probe
    }

    pub fn report(&self) -> Report {
        let dependencies = self.0.lock().clone();
        let is_useful = |dependency: &Dependency| dependency.ready || dependency.is_partial;
        Report { ready: dependencies.values().all(is_useful), dependencies }
    }

    fn set(&self, name: &'static str, ready: bool, reason: Option<String>, is_denial: bool) {
        let mut states = self.0.lock();
        let before = states.get(name);
        let last_up = before.and_then(|before| before.last_up);
        let last_up = if ready { Some(Instant::now()) } else { last_up };
        let is_same = |before: &&Dependency| {
            before.ready == ready && before.reason.as_deref() != Some(UNKNOWN)
        };
        let same = before.filter(is_same);
        let since = same.map_or_else(|| Millis::now().rfc3339(), |before| before.since);
        let mut logged_denial = same.and_then(|before| before.logged_denial.clone());
        if same.is_none() || (is_denial && logged_denial != reason) {
            log_change(name, ready, reason.as_deref());
            logged_denial = reason.clone().filter(|_| is_denial);
        }
        let is_partial = before.is_some_and(|before| before.is_partial);
        let after = Dependency { ready, since, reason, is_partial, last_up, logged_denial };
        states.insert(name, after);
    }
}

/// The reason of a dependency that was not reported yet.
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

/// Reports the state of one dependency.
#[derive(Clone, Debug)]
pub struct Probe {
    readiness: Readiness,
    name: &'static str,
}

impl Probe {
    pub fn up(&self) {
        self.readiness.set(self.name, true, None, false);
    }

    /// It does not answer, or with an error.
    pub fn down(&self, reason: impl Into<String>) {
        self.readiness.set(self.name, false, Some(reason.into()), false);
    }

    /// It answers, but denies us something, so a person has to act. Therefore each new denial is logged, even
    /// if the dependency was not ready before for another reason.
    pub fn denied(&self, reason: impl Into<String>) {
        self.readiness.set(self.name, false, Some(reason.into()), true);
    }

    /// Ready after `Ok`; not ready after `Err`, with the error as the reason.
    pub fn report<T, E: std::error::Error>(&self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.up(),
            Err(error) => self.down(crate::shutdown::with_sources(error)),
        }
    }

    pub fn is_up(&self) -> bool {
        self.state().is_some_and(|state| state.ready)
    }

    /// When it was last reported ready.
    pub fn last_up(&self) -> Option<Instant> {
        self.state().and_then(|state| state.last_up)
    }

    fn state(&self) -> Option<Dependency> {
        let states = self.readiness.0.lock();
        states.get(self.name).cloned()
    }
}

/// Serves the three routes on a port of their own, without end.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Metrics,
) -> std::io::Result<()> {
    axum::serve(listener, routes(readiness, metrics)).await
}

/// The three routes, for a service that serves more than these with axum.
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
    fn since_stays_the_time_of_the_change_when_only_the_reason_changes() {
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

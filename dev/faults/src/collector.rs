//! A tracing back end that accepts all spans by OTLP over HTTP, and only counts how often some came.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, body::Bytes, extract::State, routing::post};

use crate::serving::Serving;

/// A running back end. Dropping it closes its port.
#[derive(Debug)]
pub struct ExportCounter {
    exports: Arc<AtomicU64>,
    /// Its URL is what `TRACING` expects.
    pub serving: Serving,
}

impl ExportCounter {
    pub async fn start() -> io::Result<Self> {
        let exports = Arc::<AtomicU64>::default();
        let router = Router::new().route("/v1/traces", post(count)).with_state(exports.clone());
        Ok(Self { exports, serving: Serving::http(router).await? })
    }

    /// How many exports it has received.
    pub fn exports(&self) -> u64 {
        self.exports.load(Ordering::Relaxed)
    }
}

async fn count(State(exports): State<Arc<AtomicU64>>, _: Bytes) {
    exports.fetch_add(1, Ordering::Relaxed);
}

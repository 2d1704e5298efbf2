//! An exporter that pauses after a failure. While the tracing back end is down, a busy process would
//! otherwise encode one batch of spans after another, only to lose each.

use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;

/// Wraps an exporter. Spans that come during a pause are lost, as they would be without it.
#[derive(Debug)]
pub(super) struct PausingExporter<E> {
    exporter: E,
    paused_until: Mutex<Option<Instant>>,
}

impl<E> PausingExporter<E> {
    const PAUSE: Duration = Duration::from_secs(1);

    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, paused_until: Mutex::new(None) }
    }

    fn is_paused(&self) -> bool {
        self.paused_until.lock().is_some_and(|until| Instant::now() < until)
    }

    /// Begins a pause after a failure, and ends it after a success.
    fn observe(&self, result: &OTelSdkResult) {
        *self.paused_until.lock() = result.is_err().then(|| Instant::now() + Self::PAUSE);
    }
}

impl<E: SpanExporter> SpanExporter for PausingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.is_paused() {
            let spans = batch.len();
            return Err(OTelSdkError::InternalFailure(format!(
                "{spans} spans lost after a failure"
            )));
        }
        let result = self.exporter.export(batch).await;
        self.observe(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Fails at the first batch and takes all others.
    #[derive(Debug, Default)]
    struct FailsOnce(AtomicU32);

    impl SpanExporter for FailsOnce {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Err(OTelSdkError::InternalFailure("unavailable".into())),
                _ => Ok(()),
            }
        }
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_exported_for_a_while() {
        let exporter = PausingExporter::new(FailsOnce::default());
        for _ in 0..3 {
            assert!(exporter.export(Vec::new()).await.is_err());
        }
        assert_eq!(exporter.exporter.0.load(Ordering::Relaxed), 1);
        *exporter.paused_until.lock() = Some(Instant::now());
        assert!(exporter.export(Vec::new()).await.is_ok());
        assert!(exporter.export(Vec::new()).await.is_ok());
    }
}

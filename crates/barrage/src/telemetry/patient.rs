//! An exporter that rests after a failure: while the tracing endpoint is down, the spans of a busy process
//! are not encoded one batch after another just to be refused.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// An exporter, and until when it rests.
#[derive(Debug)]
pub(super) struct Patient<E> {
    exporter: E,
    rests: Mutex<Option<Instant>>,
}

impl<E> Patient<E> {
    /// How soon after a failure it is tried again. What comes meanwhile is lost, as it would be anyway.
    const REST: Duration = Duration::from_secs(1);

    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, rests: Mutex::new(None) }
    }

    fn is_resting(&self) -> bool {
        let rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.is_some_and(|until| Instant::now() < until)
    }

    fn note(&self, result: &OTelSdkResult) {
        let until = result.is_err().then(|| Instant::now() + Self::REST);
        *self.rests.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl<E: SpanExporter> SpanExporter for Patient<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.is_resting() {
            let spans = batch.len();
            return Err(OTelSdkError::InternalFailure(format!(
                "{spans} spans lost after a failure"
            )));
        }
        let result = self.exporter.export(batch).await;
        self.note(&result);
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

    /// Refuses the first batch and takes all others.
    #[derive(Debug, Default)]
    struct Refusing(AtomicU32);

    impl SpanExporter for Refusing {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Err(OTelSdkError::InternalFailure("refused".into())),
                _ => Ok(()),
            }
        }
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_tried_for_a_while() {
        let patient = Patient::new(Refusing::default());
        for _ in 0..3 {
            assert!(patient.export(Vec::new()).await.is_err());
        }
        assert_eq!(patient.exporter.0.load(Ordering::Relaxed), 1);
        *patient.rests.lock().unwrap() = Some(Instant::now());
        assert!(patient.export(Vec::new()).await.is_ok());
        assert!(patient.export(Vec::new()).await.is_ok());
    }
}

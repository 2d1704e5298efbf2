//! The counters of a process, in Prometheus' text format. Services count with the macros of the crate
//! `metrics`, at the place where a thing happens.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use super::{Error, usage};
use crate::retry::pause;

/// Renders what was counted. Clones share it.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The content type of [`Metrics::render`].
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Upper bounds of durations, in seconds.
    const SECONDS: &[f64] =
        &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
    /// Upper bounds of sizes of batches, in records.
    const RECORDS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

    const UPKEEP: Duration = Duration::from_secs(5);

    pub(super) fn install() -> Result<Self, Error> {
        use metrics_exporter_prometheus::Matcher::Suffix;
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Suffix("_seconds".into()), Self::SECONDS)
            .and_then(|it| it.set_buckets_for_metric(Suffix("_records".into()), Self::RECORDS))
            .and_then(PrometheusBuilder::install_recorder);
        recorder.map(Self).map_err(Error::Metrics)
    }

    /// Until `stop`, folds what was recorded into its buckets: otherwise each value would be kept until
    /// somebody asks for the metrics.
    pub async fn run_upkeep(self, stop: CancellationToken) {
        while stop.run_until_cancelled(pause(Self::UPKEEP)).await.is_some() {
            self.0.run_upkeep();
        }
    }

    /// All metrics as text.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render() + &usage::render()
    }
}

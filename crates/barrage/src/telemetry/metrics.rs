//! The metrics of a process, in Prometheus' text format. Services count with the macros of the crate
//! `metrics`, each in its own module `metrics`.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::collector;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::version::VERSION;
use crate::retry::pause;

/// Renders the metrics of this process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The content type of [`Metrics::render`].
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Upper bounds of the buckets of durations, in seconds.
    const SECONDS: &[f64] =
        &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
    /// Upper bounds of the buckets of batch sizes, in records.
    const RECORDS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

    const UPKEEP: Duration = Duration::from_secs(5);

    pub(super) fn install(service: &'static str) -> Result<Self, Error> {
        use metrics_exporter_prometheus::Matcher::Suffix;
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Suffix("_seconds".into()), Self::SECONDS)
            .and_then(|it| it.set_buckets_for_metric(Suffix("_records".into()), Self::RECORDS))
            .and_then(PrometheusBuilder::install_recorder);
        let handle = recorder.map_err(Error::Metrics)?;
        describe_build(service);
        Ok(Self(handle))
    }

    /// Until `stop`, sorts recorded values into their buckets. Without it each value of a histogram would
    /// stay in memory until somebody requests the metrics.
    pub async fn run_upkeep(self, stop: CancellationToken) {
        while stop.run_until_cancelled(pause(Self::UPKEEP)).await.is_some() {
            self.0.run_upkeep();
        }
    }

    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render() + &process_metrics(&collector::collect())
    }
}

/// Prometheus' usual way to say which version runs: a value of 1 whose labels say it.
fn describe_build(service: &'static str) {
    const BUILD_INFO: &str = "barrage_build_info";
    metrics::describe_gauge!(BUILD_INFO, "Always 1. The labels are the service and its version.");
    metrics::gauge!(BUILD_INFO, "service" => service, "version" => VERSION).set(1.0);
}

/// The processor time and the memory of this process, under Prometheus' standard names. A value that the
/// system does not tell is left out.
///
/// `metrics_process::Collector` would record them by itself, but as whole seconds: too coarse for the load
/// test, which measures the processor time of a few seconds.
fn process_metrics(values: &collector::Metrics) -> String {
    let metric = |name: &str, kind: &str, help: &str, value: String| {
        format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n")
    };
    let cpu = values.cpu_seconds_total.map(|seconds| {
        let help = "Total user and system CPU time spent in seconds.";
        metric("process_cpu_seconds_total", "counter", help, seconds.to_string())
    });
    let memory = values.resident_memory_bytes.map(|bytes| {
        let help = "Resident memory size in bytes.";
        metric("process_resident_memory_bytes", "gauge", help, bytes.to_string())
    });
    cpu.into_iter().chain(memory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_and_memory_of_this_process_are_among_the_metrics() {
        let text = process_metrics(&collector::collect());
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
    }

    #[test]
    fn processor_time_has_fractions_and_what_is_unknown_is_left_out() {
        let known = collector::Metrics { cpu_seconds_total: Some(1.25), ..Default::default() };
        assert_eq!(
            process_metrics(&known),
            "# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.\n\
             # TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.25\n\n"
        );
    }
}

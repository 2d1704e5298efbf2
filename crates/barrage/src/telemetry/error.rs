//! Why telemetry could not be set up.

/// This happens only at the start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the log cannot be set up")]
    Logs(#[source] tracing_subscriber::util::TryInitError),
    #[error("the metrics cannot be set up")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    #[error("the traces cannot be exported")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
}

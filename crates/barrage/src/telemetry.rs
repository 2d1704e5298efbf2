//! What an operator sees of a service: logs, traces and metrics.

mod config;
mod logs;
mod metrics;
mod patient;
pub mod spans;
mod tracer;
mod usage;

pub use config::Config;
pub use metrics::Metrics;
pub use tracer::{Flush, Tracer, Tracers};

/// A log or a recorder could not be set up. This happens only at start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process has a log already.
    #[error("the log cannot be set up")]
    Logs(#[source] tracing_subscriber::util::TryInitError),
    /// The process has a recorder of metrics already.
    #[error("the metrics cannot be set up")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    /// The exporter of traces does not take its endpoint.
    #[error("the traces cannot be exported")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
}

/// Sets up the log and the metrics of this process. Called once, by `main`.
///
/// # Errors
/// When they are set up already.
pub fn init(config: &Config) -> Result<Metrics, Error> {
    logs::init(config)?;
    Metrics::install()
}

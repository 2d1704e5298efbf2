//! What an operator sees of a service: logs, traces and metrics.

mod config;
mod logs;
mod metrics;
mod pausing_exporter;
pub mod spans;
mod tracer;

pub use config::Config;
pub use metrics::Metrics;
pub use tracer::{Flush, Tracer, Tracers};

/// Why telemetry could not be set up. This happens only at the start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the log cannot be set up")]
    Logs(#[source] tracing_subscriber::util::TryInitError),
    #[error("the metrics cannot be set up")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    #[error("the traces cannot be exported")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
}

/// Sets up the log and the metrics of this process. `main` calls it once.
///
/// # Errors
/// When they are set up already.
pub fn init(config: &Config) -> Result<Metrics, Error> {
    logs::init(config)?;
    Metrics::install()
}

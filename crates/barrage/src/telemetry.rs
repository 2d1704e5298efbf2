//! What an operator sees of a service: logs, traces and metrics.

mod config;
mod endpoint;
mod error;
mod logs;
mod metrics;
mod pausing_exporter;
pub mod spans;
mod tracer;
mod version;

pub use config::Config;
pub use error::Error;
pub use metrics::Metrics;
pub use tracer::{Flush, Tracer, Tracers};

/// Sets up the log and the metrics of this process, which is one of this service. `main` calls it once.
///
/// # Errors
/// When they are set up already.
pub fn init(config: &Config, service: &'static str) -> Result<Metrics, Error> {
    logs::init(config)?;
    Metrics::install(service)
}

//! One line for each fact, on stderr.

use std::io::stderr;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::config::LogFormat;
use super::{Config, Error};

pub(super) fn init(config: &Config) -> Result<(), Error> {
    let layer = fmt::layer().with_writer(stderr).with_target(true);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        LogFormat::Text => layer.with_ansi(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let levels = EnvFilter::new(&config.log_levels);
    tracing_subscriber::registry().with(layer.with_filter(levels)).try_init().map_err(Error::Logs)
}

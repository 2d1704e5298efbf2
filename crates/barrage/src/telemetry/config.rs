//! The variables for logs and traces.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use super::endpoint::{self, TraceEndpoint};
use crate::config::{Ratio, Reader, Variable};

const LOG_FORMAT: Variable =
    Variable::new("LOG_FORMAT", "text", "text or json", "The format of log lines.");
const RUST_LOG: Variable = Variable::new(
    "RUST_LOG",
    "info,librdkafka=error,rdkafka=error",
    "levels in the syntax of tracing-subscriber, for example info or debug,hyper=warn",
    "The log level, also for single modules.",
);
const TRACE_SAMPLE: Variable = Variable::new(
    "TRACE_SAMPLE",
    "0.1",
    "0 to 1",
    "The share of messages that are traced. Single messages and the first message of a burst always are.",
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// The settings of logs and traces.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) log_format: LogFormat,
    pub(super) log_levels: String,
    pub(super) endpoint: Option<TraceEndpoint>,
    /// Which part of the messages is traced.
    pub sample: Ratio,
}

impl Config {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let log_format = reader.read(&LOG_FORMAT);
        let log_levels =
            reader.read_if(&RUST_LOG, |levels: &String| EnvFilter::try_new(levels).is_ok());
        let endpoint = endpoint::read(reader);
        let sample = reader.read(&TRACE_SAMPLE);
        Some(Self {
            log_format: log_format?,
            log_levels: log_levels?,
            endpoint: endpoint?,
            sample: sample?,
        })
    }
}

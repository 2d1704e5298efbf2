//! The variables for logs and traces.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::config::{Endpoint, Ratio, Reader, Variable};

const LOG_FORMAT: Variable =
    Variable::new("LOG_FORMAT", "text", "text or json", "The format of log lines.");
const RUST_LOG: Variable = Variable::new(
    "RUST_LOG",
    "info,librdkafka=error,rdkafka=error",
    "levels in the syntax of tracing-subscriber, for example info or debug,hyper=warn",
    "The log level, also for single modules.",
);
const TRACING: Variable = Variable::optional(
    "TRACING",
    "http://host:4318 or grpc://host:4317",
    "The OTLP endpoint for traces. If unset: no traces. /api/traces at the end means /api/otlp/traces.",
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TraceEndpoint {
    /// The full URL for OTLP over HTTP.
    Http(String),
    Grpc(String),
}

impl FromStr for TraceEndpoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(rest) = text.strip_prefix("grpc://") {
            let url: Endpoint = format!("http://{rest}").parse().map_err(|_| ())?;
            return Ok(Self::Grpc(url.as_str().to_owned()));
        }
        let url: Endpoint = text.parse().map_err(|_| ())?;
        let (scheme, rest) = url.as_str().split_once("://").ok_or(())?;
        match (scheme, rest.strip_suffix("/api/traces"), rest.contains('/')) {
            // The article's form is Jaeger's own API; the same host takes OTLP at another path.
            ("http", Some(base), _) => Ok(Self::Http(format!("http://{base}/api/otlp/traces"))),
            ("http", None, true) => Ok(Self::Http(format!("http://{rest}"))),
            ("http", None, false) => Ok(Self::Http(format!("http://{rest}/v1/traces"))),
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
        let endpoint = reader.read_optional(&TRACING);
        let sample = reader.read(&TRACE_SAMPLE);
        Some(Self {
            log_format: log_format?,
            log_levels: log_levels?,
            endpoint: endpoint?,
            sample: sample?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_endpoint_has_the_forms_of_the_contract() {
        let http = |url: &str| Ok(TraceEndpoint::Http(url.into()));
        assert_eq!("http://jaeger:4318".parse(), http("http://jaeger:4318/v1/traces"));
        assert_eq!(
            "http://x/adapt_a@b/api/traces".parse(),
            http("http://x/adapt_a@b/api/otlp/traces")
        );
        assert_eq!("http://x:4318/custom".parse(), http("http://x:4318/custom"));
        assert_eq!("grpc://x:4317".parse(), Ok(TraceEndpoint::Grpc("http://x:4317".into())));
        for bad in ["x:4317", "https://x", "udp://x", "grpc://", ""] {
            assert_eq!(bad.parse::<TraceEndpoint>(), Err(()), "{bad}");
        }
    }
}

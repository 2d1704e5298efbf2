//! Where spans are exported to: `TRACING`, or else the variables of OpenTelemetry's specification
//! (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).

use std::str::FromStr;

use crate::config::{Endpoint, Reader, Variable};

const TRACING: Variable = Variable::optional(
    "TRACING",
    "http://host:4318 or grpc://host:4317",
    "The OTLP endpoint for traces. If unset: that of the OTEL_ variables. If empty: no traces. \
     /api/traces at the end means /api/otlp/traces.",
);
const ENDPOINT: Variable = Variable::optional(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "an http:// URL",
    "The OTLP endpoint, if TRACING is unset. Spans go to /v1/traces below it.",
)
.secret();
const TRACES_ENDPOINT: Variable = Variable::optional(
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "an http:// URL",
    "The OTLP endpoint for traces, if TRACING is unset. Spans go to exactly this URL.",
)
.secret();
const PROTOCOL: Variable = Variable::optional(
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "http/protobuf or grpc",
    "The protocol of the OTEL_ endpoints. If unset: http/protobuf.",
);
const TRACES_PROTOCOL: Variable = Variable::optional(
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "http/protobuf or grpc",
    "The same for traces alone.",
);
const EXPORTER: Variable = Variable::optional(
    "OTEL_TRACES_EXPORTER",
    "otlp or none",
    "Without otlp there are no traces, unless TRACING is set.",
);
const DISABLED: Variable = Variable::optional(
    "OTEL_SDK_DISABLED",
    "true or false",
    "With true there are no traces, unless TRACING is set.",
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TraceEndpoint {
    /// The full URL for OTLP over HTTP.
    Http(String),
    Grpc(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Grpc,
}

/// The values of OpenTelemetry's variables. They may be those of a whole platform, so one that does not count is not
/// checked.
struct Otel {
    endpoint: Option<String>,
    traces_endpoint: Option<String>,
    protocol: Option<String>,
    traces_protocol: Option<String>,
    exporter: Option<String>,
    disabled: Option<String>,
}

/// The endpoint, if traces are exported. `None` when a value that counts is wrong.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Option<TraceEndpoint>> {
    let tracing = reader.read_optional(&TRACING);
    let (endpoint, traces_endpoint) =
        (reader.read_optional(&ENDPOINT), reader.read_optional(&TRACES_ENDPOINT));
    let (protocol, traces_protocol) =
        (reader.read_optional(&PROTOCOL), reader.read_optional(&TRACES_PROTOCOL));
    let (exporter, disabled) = (reader.read_optional(&EXPORTER), reader.read_optional(&DISABLED));
    let otel = Otel {
        endpoint: endpoint?,
        traces_endpoint: traces_endpoint?,
        protocol: protocol?,
        traces_protocol: traces_protocol?,
        exporter: exporter?,
        disabled: disabled?,
    };
    if reader.is_set(&TRACING) {
        return tracing;
    }
    otel.trace_endpoint().map_or_else(
        |wrong| {
            reader.fault(&wrong);
            None
        },
        Some,
    )
}

impl Otel {
    /// Fails with the variable that is wrong.
    fn trace_endpoint(&self) -> Result<Option<TraceEndpoint>, Variable> {
        let (variable, url) = match (&self.traces_endpoint, &self.endpoint) {
            _ if self.is_off() => return Ok(None),
            (Some(url), _) => (TRACES_ENDPOINT, url),
            (None, Some(url)) => (ENDPOINT, url),
            (None, None) => return Ok(None),
        };
        // There is no TLS on the way to the endpoint.
        let is_plain = |url: &Endpoint| url.as_str().starts_with("http://");
        let base = url.parse::<Endpoint>().ok().filter(is_plain).ok_or(variable)?;
        Ok(Some(match self.protocol()? {
            Protocol::Grpc => TraceEndpoint::Grpc(base.as_str().to_owned()),
            Protocol::Http if self.traces_endpoint.is_some() => TraceEndpoint::Http(url.clone()),
            Protocol::Http => TraceEndpoint::Http(format!("{}/v1/traces", base.as_str())),
        }))
    }

    fn is_off(&self) -> bool {
        let exports = |list: &str| list.split(',').any(|exporter| exporter.trim() == "otlp");
        let is_disabled =
            self.disabled.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("true"));
        is_disabled || !self.exporter.as_deref().is_none_or(exports)
    }

    fn protocol(&self) -> Result<Protocol, Variable> {
        let (variable, protocol) = match (&self.traces_protocol, &self.protocol) {
            (Some(protocol), _) => (TRACES_PROTOCOL, protocol),
            (None, Some(protocol)) => (PROTOCOL, protocol),
            (None, None) => return Ok(Protocol::Http),
        };
        match protocol.as_str() {
            "http/protobuf" => Ok(Protocol::Http),
            "grpc" => Ok(Protocol::Grpc),
            _ => Err(variable),
        }
    }
}

impl FromStr for TraceEndpoint {
    type Err = ();

    /// A value of `TRACING`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Faults, Vars};

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    fn endpoint(vars: &[(&str, &str)]) -> Result<Option<TraceEndpoint>, Faults> {
        config::parse(&Vars::from_iter(vars.iter().copied()), read)
    }

    fn http(url: &str) -> Option<TraceEndpoint> {
        Some(TraceEndpoint::Http(url.into()))
    }

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

    #[test]
    fn without_tracing_the_endpoint_is_that_of_the_specification() {
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/here/");
        let slash = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/otlp/");
        let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        let http_for_traces = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
        let base = http("http://collector:4318/v1/traces");
        assert_eq!(endpoint(&[]), Ok(None));
        assert_eq!(endpoint(&[BASE]), Ok(base.clone()));
        assert_eq!(endpoint(&[slash]), Ok(http("http://collector:4318/otlp/v1/traces")));
        assert_eq!(endpoint(&[BASE, traces]), Ok(http(traces.1)));
        assert_eq!(
            endpoint(&[BASE, grpc]),
            Ok(Some(TraceEndpoint::Grpc("http://collector:4318".into())))
        );
        assert_eq!(endpoint(&[BASE, grpc, http_for_traces]), Ok(base));
    }

    #[test]
    fn tracing_comes_before_the_otel_variables_and_switches_off_if_it_is_empty() {
        let off = [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")];
        let tracing = ("TRACING", "http://jaeger:4318");
        assert_eq!(
            endpoint(&[BASE, tracing, off[0], off[1]]),
            Ok(http("http://jaeger:4318/v1/traces"))
        );
        assert_eq!(endpoint(&[BASE, ("TRACING", "")]), Ok(None));
    }

    #[test]
    fn the_sdk_or_its_exporter_can_be_switched_off() {
        for (name, value, is_on) in [
            ("OTEL_SDK_DISABLED", "true", false),
            ("OTEL_SDK_DISABLED", "TRUE", false),
            ("OTEL_SDK_DISABLED", "false", true),
            ("OTEL_SDK_DISABLED", "", true),
            ("OTEL_TRACES_EXPORTER", "none", false),
            ("OTEL_TRACES_EXPORTER", "console", false),
            ("OTEL_TRACES_EXPORTER", "console, otlp", true),
            ("OTEL_TRACES_EXPORTER", "", true),
        ] {
            let endpoint = endpoint(&[BASE, (name, value)]).unwrap();
            assert_eq!(endpoint.is_some(), is_on, "{name}={value}");
        }
    }

    #[test]
    fn a_wrong_value_is_a_fault_only_where_it_counts() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "udp"),
        ] {
            let faults = endpoint(&[BASE, (name, value)]).unwrap_err().0;
            assert_eq!(faults.iter().map(|fault| fault.variable).collect::<Vec<_>>(), [name]);
            assert_eq!(endpoint(&[("TRACING", ""), BASE, (name, value)]), Ok(None), "{name}");
        }
    }
}

//! Exports spans by OTLP. One process may report as several services, as the article's homepage does.
//!
//! Spans wait in a bounded queue, and a thread of their own exports them. When the tracing back end is slow
//! or away, spans are lost, but never a message.

use std::time::Duration;

use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};

use super::endpoint::TraceEndpoint;
use super::pausing_exporter::PausingExporter;
use super::version::VERSION;
use super::{Config, Error};
use crate::propagation::TraceParent;

/// Creates the tracers of a process, one for each service name.
#[derive(Debug)]
pub struct Tracers {
    endpoint: Option<TraceEndpoint>,
    instance: String,
    flush: Flush,
}

/// Exports the spans that are still queued, at the end of a process.
#[derive(Debug, Default)]
pub struct Flush(Vec<SdkTracerProvider>);

impl Tracers {
    /// Without an endpoint nothing is exported. Must be called within the tokio runtime.
    pub fn new(config: &Config, instance: &str) -> Self {
        Self {
            endpoint: config.endpoint.clone(),
            instance: instance.into(),
            flush: Flush::default(),
        }
    }

    /// A tracer that reports as `service`.
    ///
    /// # Errors
    /// When the exporter rejects the endpoint.
    pub fn tracer(&mut self, service: &str) -> Result<Tracer, Error> {
        let Some(endpoint) = &self.endpoint else { return Ok(Tracer(None)) };
        let provider = provider(endpoint, service, &self.instance).map_err(Error::Traces)?;
        let tracer = provider.tracer("barrage");
        self.flush.0.push(provider);
        Ok(Tracer(Some(tracer)))
    }

    pub fn into_flush(self) -> Flush {
        self.flush
    }
}

impl Flush {
    const TIMEOUT: Duration = Duration::from_secs(2);

    /// Exports what is queued. Takes 2 seconds at most.
    pub async fn flush(self) {
        let shutdown = |provider: SdkTracerProvider| {
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(Self::TIMEOUT))
        };
        let flushed: Vec<_> = self.0.into_iter().map(shutdown).collect();
        for flushed in flushed {
            if !matches!(flushed.await, Ok(Ok(()))) {
                tracing::warn!("the last spans were not exported");
            }
        }
    }
}

fn provider(
    endpoint: &TraceEndpoint,
    service: &str,
    instance: &str,
) -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    let exporter = match endpoint {
        TraceEndpoint::Http(url) => SpanExporter::builder()
            .with_http()
            .with_endpoint(url)
            .with_protocol(Protocol::HttpBinary)
            .build(),
        TraceEndpoint::Grpc(url) => SpanExporter::builder().with_tonic().with_endpoint(url).build(),
    }?;
    // The builder takes further attributes from OTEL_RESOURCE_ATTRIBUTES.
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .with_attribute(KeyValue::new("service.version", VERSION))
        .build();
    // The homepage alone decides whether a message is traced, once: see `TraceParent::sampled`.
    Ok(SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource)
        .with_batch_exporter(PausingExporter::new(exporter))
        .build())
}

/// Starts spans that are reported as one service.
#[derive(Clone, Debug)]
pub struct Tracer(Option<SdkTracer>);

impl Tracer {
    /// A tracer that reports nothing.
    pub const OFF: Self = Self(None);

    /// Starts a span below `parent`, or a new trace without one. `None` when the message is not traced: then nothing is
    /// built.
    pub(super) fn start(
        &self,
        span: impl FnOnce() -> SpanBuilder,
        parent: Option<&TraceParent>,
    ) -> Option<Span> {
        let tracer = self.0.as_ref()?;
        match parent {
            Some(parent) if !parent.sampled => None,
            Some(parent) => {
                let context = Context::new().with_remote_span_context(remote(parent));
                Some(span().start_with_context(tracer, &context))
            }
            None => Some(span().start_with_context(tracer, &Context::new())),
        }
    }
}

fn remote(parent: &TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(parent.trace_id.to_be_bytes()),
        SpanId::from_bytes(parent.span_id.to_be_bytes()),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    )
}

//! Spans on their way to a collector: OTLP over HTTP, in batches, from a queue that drops what does not fit.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use axum::body::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{client::legacy, rt::TokioExecutor};
use metrics::{counter, describe_counter};
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider, Tracer},
};
use thiserror::Error;
use tokio::{runtime::Handle, time::timeout};
use tracing::{Level, Metadata, Span, Subscriber, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::connector::{self, Connector, NoTls};

/// What marks the spans that are for the collector, and not for the log.
pub(crate) const TARGET: &str = "traces";

/// How long one batch may be under way, and how long the last one may take when the program ends.
const PATIENCE: Duration = Duration::from_secs(4);

/// The longest answer of a collector that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Batches that the collector did not take.
const FAILED: &str = "traces_batches_failed_total";

/// How many requests in 2^32 are traced.
static SHARE: AtomicU32 = AtomicU32::new(0);

/// Where spans go, and how many.
#[derive(Clone, Debug)]
pub struct TracesConfig {
    /// The collector; `/v1/traces` is added.
    pub endpoint: Uri,
    /// The share of requests of which spans are made, 0 to 1.
    pub ratio: f64,
}

/// Tells the metric's help text; once a process.
pub(crate) fn describe() {
    describe_counter!(FAILED, "Batches of spans that the collector did not take");
    counter!(FAILED).increment(0);
}

/// Why there are no traces.
#[derive(Debug, Error)]
pub enum TracesError {
    /// TLS can't be used.
    #[error("TLS cannot be used for the traces")]
    NoTls(#[source] NoTls),
    /// The exporter can't be made.
    #[error("the traces cannot be sent")]
    Exporter(#[from] ExporterBuildError),
}

/// The spans that are on their way.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to make spans for `program`. Has to be called on a runtime, which does the sending.
    ///
    /// # Errors
    /// When the collector's address can't be used; whether it answers is found out later.
    pub fn begin(program: &'static str, config: &TracesConfig) -> Result<Self, TracesError> {
        let connector = connector::open(PATIENCE).map_err(TracesError::NoTls)?;
        let sender = Sender {
            client: legacy::Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::current(),
            failing: AtomicBool::new(false),
        };
        let base = config.endpoint.to_string();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_endpoint(format!("{}/v1/traces", base.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let resource = Resource::builder()
            .with_service_name(program)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            // Drawn already, and not for the caller to say.
            .with_sampler(Sampler::AlwaysOn)
            .build();
        SHARE.store(share(config.ratio), Ordering::Relaxed);
        Ok(Self(provider))
    }

    /// Sends what is left.
    pub async fn end(self) {
        SHARE.store(0, Ordering::Relaxed);
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE));
        if let Ok(Err(error)) = ended.await {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }

    fn tracer(&self) -> Tracer {
        self.0.tracer("waiting-room")
    }
}

/// Hands the spans for the collector to `traces`, with the warnings that are logged while they last.
pub(crate) fn layer<S>(traces: &Traces) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let is_for_collector = |metadata: &Metadata<'_>| match metadata.is_span() {
        true => metadata.target() == TARGET,
        false => *metadata.level() <= Level::WARN,
    };
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer())
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_for_collector))
}

/// `ratio` of 2^32.
fn share(ratio: f64) -> u32 {
    // Saturates at either end, and makes nought of what is no number.
    (ratio * f64::from(u32::MAX)) as u32
}

/// The span of a request, or none.
pub(crate) fn of_request(method: &Method, headers: &HeaderMap) -> Span {
    let share = SHARE.load(Ordering::Relaxed);
    if share == 0 || rand::random::<u32>() > share {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if let Err(error) = span.set_parent(caller) {
        tracing::debug!(%error, "a span stands alone");
    }
    span
}

/// Tells `span` how its request was answered.
pub(crate) fn answered(span: &Span, method: &Method, route: &str, status: StatusCode) {
    if span.is_none() {
        return;
    }
    span.record("http.route", route);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "error");
    }
    // The field for it counts only as long as the span has not begun.
    let name = format!("{method} {route}");
    span.context().span().update_name(name);
}

/// A span of `what` is asked of a backend, within that of the request, if there is one.
pub fn child(what: &'static str) -> Span {
    if SHARE.load(Ordering::Relaxed) == 0 || Span::current().is_none() {
        return Span::none();
    }
    info_span!(target: TARGET, "backend", otel.name = what, otel.kind = "client")
}

/// Sends batches, from the thread that puts them together, over connections that the runtime keeps.
#[derive(Debug)]
struct Sender {
    client: legacy::Client<Connector, Full<Bytes>>,
    runtime: Handle,
    failing: AtomicBool,
}

impl Sender {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let answer = async move {
            let answer = client.request(request.map(Full::from)).await?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        let within_patience = async move { timeout(PATIENCE, answer).await };
        self.runtime.spawn(within_patience).await??
    }
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request).await;
        let fault = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let failed_before = self.failing.swap(fault.is_some(), Ordering::Relaxed);
        if let Some(fault) = fault {
            counter!(FAILED).increment(1);
            if !failed_before {
                tracing::warn!(fault, "the collector does not take the traces");
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_a_share_of_all_requests() {
        assert_eq!(share(0.0), 0);
        assert_eq!(share(-1.0), 0);
        assert_eq!(share(f64::NAN), 0);
        assert_eq!(share(1.0), u32::MAX);
        assert_eq!(share(7.0), u32::MAX);
        assert_eq!(share(0.5), u32::MAX / 2);
    }
}

//! Logs and metrics of a process.

use std::io;

use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};
#[cfg(feature = "otlp")]
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, filter_fn},
};

#[cfg(feature = "otlp")]
use crate::traces::{self, Traces, TracesConfig, TracesError};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Text,
    /// One JSON object a line, for a log store.
    Json,
}

/// Sends log lines to standard error: those that `filter` lets through, in the syntax of
/// `RUST_LOG`. An earlier call in the same process stays in force.
pub fn init_logs(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match format {
        LogFormat::Text => registry
            .with(fmt::layer().with_writer(io::stderr))
            .try_init(),
        LogFormat::Json => registry
            .with(fmt::layer().json().with_writer(io::stderr))
            .try_init(),
    };
}

/// The same, and with a `config` for them sends spans of what `program` does to a collector until the traces that this
/// returns are ended.
///
/// # Errors
/// When the collector's address can't be used.
#[cfg(feature = "otlp")]
pub fn init_logs_and_traces(
    filter: &str,
    format: LogFormat,
    program: &'static str,
    config: Option<&TracesConfig>,
) -> Result<Option<Traces>, TracesError> {
    let Some(config) = config else {
        init_logs(filter, format);
        return Ok(None);
    };
    let traces = Traces::begin(program, config).inspect_err(|_| init_logs(filter, format))?;
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // A span is for the collector alone: lines look the same with traces and without.
    let filter = filter.and(filter_fn(|metadata| metadata.target() != traces::TARGET));
    let registry = tracing_subscriber::registry().with(traces::layer(&traces));
    let lines = fmt::layer().with_writer(io::stderr);
    let _ = match format {
        LogFormat::Text => registry.with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => registry.with(lines.json().with_filter(filter)).try_init(),
    };
    Ok(Some(traces))
}

/// Upper bounds of the latency histogram's buckets, in seconds.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Collects the metrics of this process, which runs `program`; the handle renders them for Prometheus.
///
/// # Errors
/// When a recorder is installed already.
pub fn init_metrics(program: &'static str) -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    crate::http_metrics::describe();
    #[cfg(feature = "otlp")]
    traces::describe();
    describe_gauge!("build_info", "1, by program and version");
    describe_gauge!(
        "process_start_time_seconds",
        Unit::Seconds,
        "When the process started, in seconds since 1970"
    );
    let version = env!("CARGO_PKG_VERSION");
    gauge!("build_info", "program" => program, "version" => version).set(1.0);
    gauge!("process_start_time_seconds").set(crate::now().as_micros() as f64 / 1e6);
    Ok(handle)
}

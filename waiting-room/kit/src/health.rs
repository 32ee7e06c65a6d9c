//! What an orchestrator and a metrics store ask each service for.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;

/// Whether one backend answers.
pub type Probe = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// What the routes tell of.
#[derive(Clone)]
pub struct Health {
    /// Each backend by its role.
    pub backends: Vec<(&'static str, Probe)>,
    /// Cancelled when the process drains: it is not ready any more then.
    pub shutdown: CancellationToken,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
}

/// A backend that takes longer than this to say that it is there is not.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the metrics' histograms are tidied up.
const UPKEEP: Duration = Duration::from_secs(5);

/// `/healthz`, `/readyz` and `/metrics`.
pub fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "alive"}))))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Keeps the metrics small until `shutdown`.
pub async fn upkeep(metrics: PrometheusHandle, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let mut missing = Vec::new();
    if health.shutdown.is_cancelled() {
        missing.push("draining");
    }
    for (role, probe) in &health.backends {
        if !timeout(PATIENCE, probe()).await.unwrap_or(false) {
            missing.push(*role);
        }
    }
    if missing.is_empty() {
        return Json(json!({"status": "ready"})).into_response();
    }
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-ready",
        "Not ready to serve",
    )
    .with("missing", missing)
    .into_response()
}

async fn metrics(State(health): State<Health>) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, health.metrics.render()).into_response()
}

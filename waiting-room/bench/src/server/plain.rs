//! The plain handler: what everything else is compared with.

use axum::{Router, routing::get};
use http::header;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Ready, anywhere, tell};
use crate::Outcome;

/// As long as the status of a fan who waits.
const BODY: &str = r#"{"state":"waiting","ahead":412345,"waiting":1000000,"eta_seconds":41234,"eta_low_seconds":35049,"eta_high_seconds":51542,"poll_after_ms":27316,"phase":"admitting","epoch":1795250000,"cohort":"arrival","place":1795250000412345,"call_expires_at":null,"session_expires_at":null,"may_rejoin":false,"message":null}"#;

/// Answers every request with the same body.
pub(super) async fn run(shutdown: CancellationToken) -> Outcome<()> {
    let json = [(header::CONTENT_TYPE, "application/json")];
    let routes = Router::new().route("/", get(async move || (json, BODY)));
    let listener = TcpListener::bind(anywhere()).await?;
    tell(&Ready {
        address: listener.local_addr()?,
        grown_bytes: 0,
    })?;
    let serving = axum::serve(listener, routes).into_future();
    shutdown.run_until_cancelled(serving).await;
    Ok(())
}

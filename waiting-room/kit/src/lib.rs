//! What every service needs around its own routes, and nothing of what it is for: problems,
//! extractors that answer with them, serving and draining, metrics, logs, the clock.

pub mod extract;
pub mod health;
pub mod http_metrics;
pub mod openapi;
pub mod problem;
pub mod serve;
pub mod shutdown;
pub mod telemetry;

use std::time::{SystemTime, UNIX_EPOCH};

use waiting_room_core::Timestamp;

/// The wall clock's time now.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
}

//! What is read of the answers that are told in words.

use serde::Deserialize;
use waiting_room_core::Timestamp;

/// The state of one event.
#[derive(Debug, Deserialize)]
pub(crate) struct Figures {
    pub(crate) event: String,
    pub(crate) at: Timestamp,
    pub(crate) phase: String,
    pub(crate) epoch: u64,
    pub(crate) rate_per_minute: u64,
    pub(crate) max_active_sessions: u64,
    pub(crate) mode: String,
    pub(crate) message: String,
    pub(crate) waiting: u64,
    pub(crate) called: u64,
    pub(crate) at_door: u64,
    pub(crate) sessions: u64,
    pub(crate) claims_per_minute: Option<f64>,
    pub(crate) calls_per_minute: Option<f64>,
    pub(crate) joins_per_minute: Option<f64>,
    pub(crate) no_show_share: f64,
    pub(crate) eta_back_of_queue_seconds: Option<u64>,
    pub(crate) refused_settings: Vec<Refused>,
    pub(crate) orders: Option<Orders>,
    pub(crate) offers: Vec<Offer>,
    #[serde(default)]
    pub(crate) health: Vec<Health>,
}

/// A value that is not in force.
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) setting: String,
    pub(crate) value: String,
    pub(crate) reason: String,
}

/// The shop's orders.
#[derive(Debug, Deserialize)]
pub(crate) struct Orders {
    pub(crate) pending: u64,
    pub(crate) confirmed: u64,
    pub(crate) refused: u64,
    pub(crate) queue_depth: u64,
    pub(crate) dead_letters: u64,
}

/// What is sold.
#[derive(Debug, Deserialize)]
pub(crate) struct Offer {
    pub(crate) id: String,
    pub(crate) stock: u64,
    pub(crate) stock_left: Option<u64>,
}

/// How a part is.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) part: String,
    pub(crate) ok: bool,
    pub(crate) since: Timestamp,
    pub(crate) detail: String,
}

/// The settings as they stand.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) admission_rate_per_minute: u64,
    pub(crate) max_active_sessions: u64,
    pub(crate) mode: String,
    pub(crate) message: String,
    pub(crate) refused: Vec<Refused>,
    pub(crate) source: String,
}

/// The last hour.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) points: Vec<Point>,
}

/// One moment of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Point {
    pub(crate) at: Timestamp,
    pub(crate) waiting: f64,
    pub(crate) joins_per_minute: Option<f64>,
    pub(crate) calls_per_minute: Option<f64>,
    pub(crate) claims_per_minute: Option<f64>,
    pub(crate) rate_per_minute: f64,
    pub(crate) sessions: f64,
    pub(crate) no_show_share: f64,
    pub(crate) eta_back_of_queue_seconds: Option<f64>,
    pub(crate) orders_confirmed: Option<f64>,
}

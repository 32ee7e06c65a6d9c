//! The last hour of an event in figures: a moment each five seconds, the same whichever instance is asked.
//!
//! What is kept are counts, not speeds: those follow from two moments when somebody asks, so that it does not matter which
//! instance kept which moment, nor since when it has run. Nothing waits for a history, and one that fails is a gap in a
//! chart and nothing else.

mod memory;
mod point;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod tests;
mod writer;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use waiting_room_core::{EventId, Timestamp};

#[cfg(feature = "redis")]
pub use self::redis::RedisFigureHistory;
pub use self::{memory::MemoryFigureHistory, point::Point};
pub(crate) use self::{point::points, writer::HistoryWriter};
use crate::figures::Figures;

/// From one moment to the next.
pub const EVERY: Duration = Duration::from_secs(5);

/// How many moments are kept of an event: those of an hour.
pub const KEPT: u64 = 720;

/// One event at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// When, by the queue store's clock.
    pub at: Timestamp,
    /// The queue store's life, in which the totals count.
    pub epoch: u64,
    /// What the queue did.
    pub phase: String,
    /// Waiting tickets.
    pub waiting: u64,
    /// Tickets that joined in this epoch.
    pub joined_total: u64,
    /// Calls in this epoch.
    pub called_total: u64,
    /// Claims that opened a session in this epoch.
    pub claimed_total: u64,
    /// The rate in force.
    pub rate_per_minute: u32,
    /// Fans in checkout.
    pub sessions: u64,
    /// The limit of sessions in force.
    pub max_active_sessions: u32,
    /// The share of those called who don't come, as learned, 0 to 1.
    pub no_show_share: f64,
    /// How long somebody who joined then was to wait.
    pub eta_back_of_queue_seconds: Option<u64>,
    /// Orders sold; absent when the shop did not answer.
    pub orders_confirmed: Option<u64>,
    /// Orders accepted and not settled yet; absent when the shop did not answer.
    pub orders_pending: Option<u64>,
    /// How much was left of each offer; empty when the shop did not answer.
    pub stock_left: BTreeMap<String, u32>,
}

impl Moment {
    /// What is kept of `figures`.
    pub fn of(figures: &Figures) -> Self {
        let left = figures.offers.iter();
        Self {
            at: figures.at,
            epoch: figures.epoch,
            phase: figures.phase.as_str().to_owned(),
            waiting: figures.waiting,
            joined_total: figures.joined_total,
            called_total: figures.called_total,
            claimed_total: figures.claimed_total,
            rate_per_minute: figures.rate_per_minute,
            sessions: figures.sessions,
            max_active_sessions: figures.max_active_sessions,
            no_show_share: figures.no_show_share,
            eta_back_of_queue_seconds: figures.eta_back_of_queue_seconds,
            orders_confirmed: figures.orders.map(|orders| orders.confirmed),
            orders_pending: figures.orders.map(|orders| orders.pending),
            stock_left: left
                .filter_map(|offer| Some((offer.id.clone(), offer.stock_left?)))
                .collect(),
        }
    }

    /// The number of its five seconds, counted since 1970.
    pub fn slot(&self) -> u64 {
        slot_of(self.at)
    }
}

fn slot_of(at: Timestamp) -> u64 {
    at.as_seconds() / EVERY.as_secs()
}

/// The history did not answer.
#[derive(Debug, Error)]
#[error("the history of the figures does not answer")]
pub struct HistoryUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Keeps the last hour of every event, for all instances. Every implementation passes the same suite.
#[async_trait]
pub trait FigureHistory: Send + Sync {
    /// Keeps `moment`; of several in the same five seconds the first.
    async fn keep(&self, event: &EventId, moment: &Moment) -> Result<(), HistoryUnavailable>;

    /// What was kept of the hour until `now`, oldest first.
    async fn last_hour(
        &self,
        event: &EventId,
        now: Timestamp,
    ) -> Result<Vec<Moment>, HistoryUnavailable>;
}

/// Whether a moment of `slot` is of the hour until that of `now`.
fn is_recent(slot: u64, now: Timestamp) -> bool {
    let last = slot_of(now);
    slot <= last && last - slot < KEPT
}

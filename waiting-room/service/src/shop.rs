//! What the waiting room shows of the shop behind its door.

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;
use waiting_room_catalogue::Event;
use waiting_room_core::{OfferId, Session};

/// The shop at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopFigures {
    /// How many of each offer are left.
    pub stock_left: Vec<(OfferId, u32)>,
    /// Its orders.
    pub orders: OrderFigures,
}

/// Counts of one event's orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderFigures {
    /// Accepted and not settled yet.
    pub pending: u64,
    /// Sold.
    pub confirmed: u64,
    /// Not sold.
    pub refused: u64,
    /// Messages in the order queue, of all events.
    pub queue_depth: u64,
    /// Messages that could not be handled.
    pub dead_letters: u64,
}

/// The shop did not take note.
#[derive(Debug, Error)]
#[error("the shop was not told that the session is over")]
pub struct ShopUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The shop, as the waiting room deals with it.
#[async_trait]
pub trait Shop: Send + Sync {
    /// The shop of `event` as it is; `None` when it does not answer. Asked once a tick and event.
    async fn figures(&self, event: &Event) -> Option<ShopFigures>;

    /// The fan gave `session` up: its admission token buys nothing any more.
    async fn close_session(&self, session: Session) -> Result<(), ShopUnavailable>;
}

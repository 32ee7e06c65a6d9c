//! Orders: what a fan asks for, checked against the catalogue, and what becomes of it.

mod basket;
mod buyer;
mod id;
mod key;
mod request;
mod state;

use serde::{Deserialize, Serialize};
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

pub use self::{
    basket::{Basket, OrderLine},
    buyer::{Buyer, BuyerName, Email},
    id::{InvalidOrderId, OrderId},
    key::{IdempotencyKey, InvalidIdempotencyKey},
    request::{Fault, Field, InvalidOrder, LineRequest, OrderRequest, Wrong},
    state::{OrderState, RefusalReason},
};

/// One order, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The event whose offers it holds.
    pub event: EventId,
    /// The ticket that bought it.
    pub ticket: TicketId,
    /// The session in which it was placed.
    pub session: SessionId,
    /// When that session ends by itself.
    pub session_expires_at: Timestamp,
    /// What was bought, at the prices of that moment.
    pub basket: Basket,
    /// For whom.
    pub buyer: Buyer,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub state: OrderState,
}

impl Order {
    /// Whether `other` asks for the same, so that it may be a repetition of the same request. The
    /// prices are no part of what a fan asks for.
    pub fn asks_the_same_as(&self, other: &Self) -> bool {
        self.buyer == other.buyer && self.basket.holds_the_same_as(&other.basket)
    }

    /// Whether the session in which it was placed was over by then.
    pub fn came_too_late(&self) -> bool {
        self.placed_at >= self.session_expires_at
    }
}

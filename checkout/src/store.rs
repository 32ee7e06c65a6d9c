use async_trait::async_trait;
use thiserror::Error;
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

use crate::{BackendError, IdempotencyKey, Order, OrderId, OrderState, Sold, Stock};

/// Keeps orders and what is sold, durably: what a call answered survives whatever happens to the
/// process after it.
///
/// One and the same suite (`tests/it/suite`) says what every implementation has to do.
#[async_trait]
pub trait OrderStore: SessionLedger {
    /// Writes `order`, which is pending, in one atomic step. What is checked, in this order:
    ///
    /// 1. A request that its ticket made before under `key` gives the order that it made then, also
    ///    when the session is over since: so a fan whose answer was lost learns what became of it.
    /// 2. A ticket whose last order is pending or confirmed places no other.
    /// 3. The session must not be over: neither expired at [`Order::placed_at`], nor ended.
    ///
    /// # Errors
    /// As [`PlaceError`] says; nothing is written then.
    async fn place(&self, order: Order, key: IdempotencyKey) -> Result<Placed, PlaceError>;

    /// The order `id`.
    ///
    /// # Errors
    /// When the backend fails.
    async fn order(&self, id: OrderId) -> Result<Option<Order>, BackendError>;

    /// The last order that `ticket` placed.
    ///
    /// # Errors
    /// When the backend fails.
    async fn latest_order(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Option<Order>, BackendError>;

    /// Settles the order `id` at `at`, if it is pending: reserves all of its lines out of its event's
    /// `stock` and confirms it, or reserves nothing and refuses it. An order that is settled stays as it is.
    /// A session that is over by it is ended in the ledger too.
    ///
    /// # Errors
    /// As [`SettleError`] says; then the order is as it was, or settled, and settling it again is safe and
    /// does what is left to do.
    async fn settle(
        &self,
        id: OrderId,
        stock: &Stock,
        at: Timestamp,
    ) -> Result<Settlement, SettleError>;

    /// Finishes what calls of [`settle`](Self::settle) for orders of `event` left half done, because their
    /// process ended, say, and says how much that was. Of a store that settles in one transaction there
    /// is nothing. The sweeper calls it; a single call may spare what looks as if it were still under way.
    ///
    /// # Errors
    /// When the backend fails.
    async fn finish_half_done(&self, _event: &EventId) -> Result<usize, BackendError> {
        Ok(0)
    }

    /// The first `most` orders that are pending and were placed before `before`, from the oldest
    /// on; only those after `after` if that is given, to read on where the last call ended.
    ///
    /// # Errors
    /// When the backend fails.
    async fn pending(
        &self,
        before: Timestamp,
        after: Option<OrderId>,
        most: usize,
    ) -> Result<Vec<(OrderId, EventId)>, BackendError>;

    /// How `event`'s orders stand and what is sold of its offers; cheap enough to be asked for once
    /// a second.
    ///
    /// # Errors
    /// When the backend fails.
    async fn tally(&self, event: &EventId) -> Result<Tally, BackendError>;

    /// Whether the store answers; writes nothing.
    ///
    /// # Errors
    /// When it does not.
    async fn check(&self) -> Result<(), BackendError>;
}

/// Remembers which sessions ended before their time, so that an admission token, which nobody can
/// call back, opens nothing any more.
#[async_trait]
pub trait SessionLedger: Send + Sync {
    /// Ends `session`, whose token expires at `until`, for [`OrderStore::place`]. Ending it again
    /// changes nothing.
    ///
    /// # Errors
    /// When the backend fails.
    async fn end_session(&self, session: SessionId, until: Timestamp) -> Result<(), BackendError>;

    /// Whether `session` was ended.
    ///
    /// # Errors
    /// When the backend fails.
    async fn has_ended(&self, session: SessionId) -> Result<bool, BackendError>;

    /// Forgets the sessions whose tokens expired before `now`, and says how many these were.
    ///
    /// # Errors
    /// When the backend fails.
    async fn forget_expired(&self, now: Timestamp) -> Result<usize, BackendError>;
}

/// A placed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// As it stands now.
    pub order: Order,
    /// Whether this call wrote it; otherwise an earlier one with the same key did.
    pub new: bool,
}

/// Why an order was not placed.
#[derive(Clone, Debug, Error)]
pub enum PlaceError {
    /// The ticket used this idempotency key for a request that asked for something else.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The ticket has an order that is pending or confirmed.
    #[error("this ticket has bought already")]
    AlreadyBought {
        /// That order.
        order: OrderId,
    },
    /// The session expired or was ended.
    #[error("the session is over")]
    SessionOver,
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// A settled order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The order, confirmed or refused.
    pub order: Order,
    /// Whether this call settled it; otherwise it was settled before.
    pub new: bool,
    /// Whether its session is over by that: it is confirmed, or nothing at the event is left to
    /// choose instead. A refused fan may otherwise order something else until the session expires.
    pub ends_session: bool,
}

/// Why an order was not settled.
#[derive(Clone, Debug, Error)]
pub enum SettleError {
    /// The event whose stock this is has no such order.
    #[error("there is no such order")]
    UnknownOrder,
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// How the orders of one event stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderCounts {
    /// Accepted, not settled yet.
    pub pending: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Refused.
    pub refused: u64,
}

impl OrderCounts {
    /// The count of the orders in such a state as `state`.
    pub fn of_mut(&mut self, state: &OrderState) -> &mut u64 {
        match state {
            OrderState::Pending => &mut self.pending,
            OrderState::Confirmed { .. } => &mut self.confirmed,
            OrderState::Refused { .. } => &mut self.refused,
        }
    }
}

/// One event's orders in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How its orders stand.
    pub orders: OrderCounts,
    /// What is sold of its offers.
    pub sold: Sold,
}

//! Where the queue is kept.

mod embedded;
#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use waiting_room_core::{
    Claim, EventId, Joined, Place, QueueFull, RejoinRefused, Rules, SessionId, Settings, Snapshot,
    Standing, TicketId, Turn,
};

pub use self::embedded::{Clock, EmbeddedQueueStore, OpenError};
#[cfg(feature = "redis")]
pub use self::redis::{ConnectError, RedisConfig, RedisQueueStore};

/// What holds at the moment of an operation: the event's rules and the settings in force.
#[derive(Clone, Debug)]
pub struct Regime {
    /// The event's rules.
    pub rules: Rules,
    /// The operator's settings.
    pub settings: Settings,
}

/// The store did not answer. What it was asked to do may or may not have happened; every operation
/// may be repeated.
#[derive(Debug, Error)]
#[error("the queue store does not answer")]
pub struct StoreUnavailable {
    /// When to try again.
    pub retry_after: Duration,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What a process knows of a ticket without asking the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Only the store can tell.
    Nothing,
    /// The store does not hold it.
    Absent,
    /// How far it has come.
    Standing(Standing),
}

/// An answer of the store, or none.
pub type StoreResult<T> = Result<T, StoreUnavailable>;

/// Holds the queues of all events; its clock is the one that counts.
///
/// Each operation is atomic and may be repeated. The rules are those of
/// [`waiting_room_core::EventQueue`]; every implementation passes the same suite.
#[async_trait]
pub trait QueueStore: Send + Sync {
    /// Gives `ticket` a place, or finds it where it stands; `drawn` is its place in the draw, for a
    /// join before the on-sale by the store's clock.
    async fn join(
        &self,
        event: &EventId,
        ticket: TicketId,
        drawn: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Joined, QueueFull>>;

    /// Puts `ticket` back at `place`, after store loss or a missed call.
    async fn rejoin(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Standing, RejoinRefused>>;

    /// `ticket`, which stands at `place`, comes to the door; `session` is for it, should it pass.
    async fn claim(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        regime: &Regime,
    ) -> StoreResult<Claim>;

    /// The fan gives the place up; false when the store does not know the ticket.
    async fn leave(&self, event: &EventId, ticket: TicketId, regime: &Regime) -> StoreResult<bool>;

    /// A stay in checkout is over; false when that session does not live.
    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> StoreResult<bool>;

    /// How far `ticket` has come; nothing when the store does not know it.
    async fn standing(
        &self,
        event: &EventId,
        ticket: TicketId,
        regime: &Regime,
    ) -> StoreResult<Option<Standing>>;

    /// What this process knows of `ticket` without asking anybody: what a poll may use.
    fn known_standing(&self, event: &EventId, ticket: TicketId, rules: &Rules) -> Known;

    /// One turn of the controller.
    async fn turn(&self, event: &EventId, regime: &Regime) -> StoreResult<Turn>;

    /// This region has become the active one by the failover that began its `region_epoch`: the queue begins a new epoch,
    /// as if it had been lost, unless some instance has had it begun for that failover before. An instance that has
    /// `seen` it begun only puts the note of that back, which a store that loses its queue loses too.
    async fn take_over(&self, event: &EventId, region_epoch: u64, seen: bool) -> StoreResult<()>;

    /// The queue as it is.
    async fn snapshot(&self, event: &EventId, regime: &Regime) -> StoreResult<Snapshot>;

    /// Whether the store answers.
    async fn ready(&self) -> StoreResult<()>;
}

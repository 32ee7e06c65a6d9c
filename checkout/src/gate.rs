use std::error::Error;

use async_trait::async_trait;
use thiserror::Error;
use waiting_room_core::{EventId, SessionId, TicketId};

/// The waiting room's side of a session: where it is given back.
#[async_trait]
pub trait SessionGate: Send + Sync {
    /// Ends `session`, so that its slot goes to the next fan. Ending one that is over already, or
    /// that the waiting room has forgotten, succeeds.
    ///
    /// # Errors
    /// When the waiting room could not be told; it is worth trying again.
    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> Result<(), GateError>;
}

/// The waiting room could not be told that a session is over.
#[derive(Debug, Error)]
#[error("the waiting room was not told that the session is over")]
pub struct GateError(#[source] Box<dyn Error + Send + Sync>);

impl GateError {
    /// It was not told because of `cause`.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

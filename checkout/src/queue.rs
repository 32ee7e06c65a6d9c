use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use waiting_room_core::{EventId, Timestamp};

use crate::{BackendError, OrderId};

/// Carries orders from checkout to fulfilment, each at least once.
///
/// What is received is hidden from other receivers for the *visibility timeout*; what is neither
/// acknowledged nor extended by then is received again. A message that was received
/// [`QueuePolicy::most_receives`] times without being acknowledged becomes a dead letter.
///
/// One and the same suite (`tests/it/suite`) says what every implementation has to do.
#[async_trait]
pub trait OrderQueue: DeadLetters {
    /// Puts `message` on the queue. An order that the queue holds already, dead letters included,
    /// is not added again where the queue can tell; where it cannot, it comes twice, which settling
    /// bears.
    ///
    /// # Errors
    /// When the backend fails.
    async fn send(&self, message: OrderMessage) -> Result<(), BackendError>;

    /// Up to `most` messages, roughly the oldest first. When there is none, waits for one up to
    /// `wait`. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the backend fails.
    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, BackendError>;

    /// Takes the message off the queue: its work is done. After its visibility timeout has passed it
    /// may have been received again; then this does nothing.
    ///
    /// # Errors
    /// When the backend fails.
    async fn acknowledge(&self, receipt: &Receipt) -> Result<(), BackendError>;

    /// Hides the message for `visibility` from now on; false when its timeout had passed already.
    ///
    /// # Errors
    /// When the backend fails.
    async fn extend(&self, receipt: &Receipt, visibility: Duration) -> Result<bool, BackendError>;

    /// Gives the message back undone, to be received again after `retry`'s pause, or to become a
    /// dead letter for its reason.
    ///
    /// # Errors
    /// When the backend fails.
    async fn release(&self, receipt: &Receipt, retry: Retry) -> Result<(), BackendError>;

    /// How many messages of `event` there are; at once and without I/O where the queue can tell.
    ///
    /// # Errors
    /// When the backend fails.
    async fn depth(&self, event: &EventId) -> Result<Depth, BackendError>;
}

/// Messages that fulfilment could not get done.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// The dead letters of `event`, the oldest first, `most` at most.
    ///
    /// # Errors
    /// When the backend fails.
    async fn dead_letters(
        &self,
        event: &EventId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, BackendError>;

    /// Puts the dead letters of `event` back on the queue as if they had never been received, up to
    /// some thousands at once; says how many these were.
    ///
    /// # Errors
    /// When the backend fails.
    async fn redrive(&self, event: &EventId) -> Result<usize, BackendError>;
}

/// Which order fulfilment has to settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderMessage {
    /// The order.
    pub order: OrderId,
    /// Its event.
    pub event: EventId,
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What to answer it by.
    pub receipt: Receipt,
    /// The message.
    pub message: OrderMessage,
    /// How often it was received, this time included: 1 to [`QueuePolicy::most_receives`].
    pub received: u32,
}

/// The handle of one delivery; only its queue can read it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Receipt(String);

impl Receipt {
    /// The handle `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The handle's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({})", self.0)
    }
}

/// Why a message goes back, and for how long it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What went wrong; shown to the operator should the message become a dead letter.
    pub reason: String,
    /// When it may be received again.
    pub after: Duration,
}

/// A message that was received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: String,
    /// The order that is not settled by it.
    pub order: OrderId,
    /// What went wrong last.
    pub reason: String,
    /// How often it was received.
    pub received: u32,
    /// When it became a dead letter.
    pub died_at: Timestamp,
}

/// How many messages of an event there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// On the queue, received and not acknowledged ones included.
    pub queued: u64,
    /// Dead letters.
    pub dead: u64,
}

/// How patient a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// For how long a received message is hidden. Longer than fulfilment ever works on one.
    pub visibility: Duration,
    /// How often a message is received at most before it becomes a dead letter.
    pub most_receives: u32,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
            most_receives: 5,
        }
    }
}

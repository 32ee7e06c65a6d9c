use std::fmt;

use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::QueueAttributeName};
use serde::{Deserialize, Serialize};
use waiting_room_core::{EventId, SessionId, TicketId};

use super::{
    coalescer::Coalescer,
    order_queue::{Sending, send},
};
use crate::{BackendError, GateError, SessionGate};

/// Tells the waiting room by SQS which sessions are over: neither checkout nor fulfilment may reach it, or
/// its queue store, over the network.
///
/// That a message is on the queue is what counts as told; the waiting room takes it off within moments, or
/// when it is back. Each message is an [`EndedSession`] as JSON; it may come twice and in any order, which
/// ending a session bears.
pub struct SqsSessionGate {
    client: Client,
    queue: String,
    sends: Coalescer<Sending>,
}

/// A session that is over, as the waiting room is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// At which event.
    pub event: EventId,
    /// Whose.
    pub ticket: TicketId,
    /// Which.
    pub session: SessionId,
}

impl SqsSessionGate {
    /// Tells by the queue at the URL `queue`.
    pub fn new(client: Client, queue: impl Into<String>) -> Self {
        let queue = queue.into();
        let (sender, to) = (client.clone(), queue.clone());
        Self {
            sends: Coalescer::start(move |batch| send(sender.clone(), to.clone(), batch)),
            client,
            queue,
        }
    }

    /// Whether the queue answers; changes nothing.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), BackendError> {
        self.client
            .get_queue_attributes()
            .queue_url(&self.queue)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .map(drop)
            .map_err(|error| BackendError::unavailable(aws_sdk_sqs::Error::from(error)))
    }
}

#[async_trait]
impl SessionGate for SqsSessionGate {
    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> Result<(), GateError> {
        let ended = EndedSession {
            event: event.clone(),
            ticket,
            session,
        };
        let message = Sending::new(&ended).map_err(GateError::new)?;
        self.sends.put(message).await.map_err(GateError::new)
    }
}

impl fmt::Debug for SqsSessionGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsSessionGate")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_what_the_waiting_room_reads() {
        let ended = EndedSession {
            event: "aurora-live".parse().unwrap(),
            ticket: TicketId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
        };
        assert_eq!(
            serde_json::to_string(&ended).unwrap(),
            r#"{"event":"aurora-live","ticket":"AQEBAQEBAQEBAQEBAQEBAQ","session":"AgICAgICAgICAgICAgICAg"}"#
        );
    }
}

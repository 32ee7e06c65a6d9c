//! What is done for one message.

use std::{convert::Infallible, time::Duration};

use thiserror::Error;
use tokio::time::{sleep, timeout};

use super::Fulfilment;
use crate::{
    BackendError, Delivery, GateError, Order, OrderMessage, Receipt, Retry, SettleError,
    error::chain, observe,
};

/// Why a message's work was not done this time.
#[derive(Debug, Error)]
enum Failure {
    #[error("the event is not in the catalogue")]
    UnknownEvent,
    #[error("the event has no such order")]
    UnknownOrder,
    #[error("the order store failed")]
    Store(#[source] BackendError),
    #[error("the session was not ended")]
    Gate(#[source] GateError),
    #[error("the waiting room took too long to end the session")]
    GateTooSlow,
    #[error("it took too long")]
    TooSlow,
}

impl Failure {
    /// Whether it lies in the message: any other message may fare better.
    fn is_the_messages_own(&self) -> bool {
        matches!(self, Self::UnknownEvent | Self::UnknownOrder)
    }
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::UnknownOrder => Self::UnknownOrder,
            SettleError::Backend(error) => Self::Store(error),
        }
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Poison,
    BackendFailed,
}

impl Outcome {
    /// Whether the backends answered, be it that this message cannot be done.
    pub(super) fn answered(self) -> bool {
        self != Self::BackendFailed
    }
}

/// Works on `delivery` and answers its queue.
pub(super) async fn fulfil(fulfilment: &Fulfilment, delivery: Delivery) -> Outcome {
    let Delivery {
        receipt,
        message,
        received,
    } = delivery;
    let work = timeout(fulfilment.pace.patience, settle(fulfilment, &message));
    let worked = tokio::select! {
        worked = work => worked,
        never = hold(fulfilment, &receipt) => match never {},
    };
    let failure = worked.unwrap_or(Err(Failure::TooSlow)).err();
    let (outcome, answered) = match failure {
        None => (Outcome::Done, fulfilment.queue.acknowledge(&receipt).await),
        Some(failure) => {
            let reason = chain(&failure);
            tracing::warn!(order = %message.order, event = %message.event, received, reason,
                "an order was not settled this time");
            observe::delivery_failed();
            let after = rest(fulfilment.pace.rest, received);
            let outcome = if failure.is_the_messages_own() {
                Outcome::Poison
            } else {
                Outcome::BackendFailed
            };
            let retry = Retry { reason, after };
            (outcome, fulfilment.queue.release(&receipt, retry).await)
        }
    };
    match answered {
        Ok(()) => outcome,
        Err(error) => {
            // It comes again when its visibility timeout is over.
            tracing::warn!(order = %message.order, error = chain(&error), "not acknowledged");
            Outcome::BackendFailed
        }
    }
}

/// Keeps a message hidden that is being worked on.
async fn hold(fulfilment: &Fulfilment, receipt: &Receipt) -> Infallible {
    let every = fulfilment.pace.hold;
    loop {
        sleep(every).await;
        match fulfilment.queue.extend(receipt, every * 3).await {
            Ok(true) => {}
            // Somebody else may be at it as well, which settling bears.
            Ok(false) => tracing::debug!("a message was not held any more"),
            Err(error) => tracing::warn!(error = chain(&error), "a message was not held"),
        }
    }
}

async fn settle(fulfilment: &Fulfilment, message: &OrderMessage) -> Result<(), Failure> {
    let stock = fulfilment
        .stock
        .get(&message.event)
        .ok_or(Failure::UnknownEvent)?;
    let settlement = fulfilment
        .store
        .settle(message.order, stock, service_kit::now())
        .await?;
    if settlement.new {
        observe::settled(&settlement.order);
        tracing::debug!(order = %message.order, event = %message.event,
            state = settlement.order.state.as_str(), "settled");
    }
    if settlement.ends_session {
        end_session(fulfilment, &settlement.order).await?;
    }
    Ok(())
}

async fn end_session(fulfilment: &Fulfilment, order: &Order) -> Result<(), Failure> {
    let gate = &fulfilment.gate;
    let ended = gate.end_session(&order.event, order.ticket, order.session);
    match timeout(fulfilment.pace.gate, ended).await {
        Ok(ended) => ended.map_err(Failure::Gate),
        Err(_) => Err(Failure::GateTooSlow),
    }
}

/// How long a message rests that was received so often in vain.
fn rest(first: Duration, received: u32) -> Duration {
    first * 4_u32.saturating_pow(received.saturating_sub(1)).min(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_rests_the_longer_the_more_often_it_failed() {
        let first = Duration::from_secs(1);
        let seconds = [1, 2, 3, 4, 5, 40].map(|received| rest(first, received).as_secs());
        assert_eq!(seconds, [1, 4, 16, 60, 60, 60]);
    }
}

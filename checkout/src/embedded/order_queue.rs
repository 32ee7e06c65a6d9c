use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};
use waiting_room_core::EventId;

use super::{
    OrderBook, failed,
    message_steps::{self, Received},
    records::{DEAD, StoredDeadLetter, decode},
};
use crate::{
    BackendError, DeadLetter, DeadLetters, Delivery, Depth, OrderMessage, OrderQueue, Receipt,
    Retry,
};

#[async_trait]
impl OrderQueue for OrderBook {
    async fn send(&self, message: OrderMessage) -> Result<(), BackendError> {
        self.writer
            .run(move |batch| message_steps::send(batch, &message))
            .await
    }

    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, BackendError> {
        let enough = Instant::now() + wait;
        let policy = self.policy;
        loop {
            let arrival = self.writer.arrivals().notified();
            tokio::pin!(arrival);
            // From here on no arrival is missed, also one that comes before the wait below.
            arrival.as_mut().enable();
            let Received {
                deliveries,
                next_due,
            } = self
                .writer
                .run(move |batch| message_steps::receive(batch, most, policy, service_kit::now()))
                .await?;
            if !deliveries.is_empty() {
                return Ok(deliveries);
            }
            let until = next_due.map_or(enough, |due| enough.min(Instant::from_std(due)));
            tokio::select! {
                () = arrival => {}
                () = sleep_until(until) => {
                    if Instant::now() >= enough {
                        return Ok(Vec::new());
                    }
                }
            }
        }
    }

    async fn acknowledge(&self, receipt: &Receipt) -> Result<(), BackendError> {
        let receipt = receipt.clone();
        self.writer
            .run(move |batch| message_steps::acknowledge(batch, &receipt))
            .await
    }

    async fn extend(&self, receipt: &Receipt, visibility: Duration) -> Result<bool, BackendError> {
        let receipt = receipt.clone();
        self.writer
            .run(move |batch| message_steps::extend(batch, &receipt, visibility))
            .await
    }

    async fn release(&self, receipt: &Receipt, retry: Retry) -> Result<(), BackendError> {
        let (receipt, policy) = (receipt.clone(), self.policy);
        self.writer
            .run(move |batch| {
                message_steps::release(batch, &receipt, retry, policy, service_kit::now())
            })
            .await
    }

    async fn depth(&self, event: &EventId) -> Result<Depth, BackendError> {
        Ok(self.writer.depth(event))
    }
}

#[async_trait]
impl DeadLetters for OrderBook {
    async fn dead_letters(
        &self,
        event: &EventId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, BackendError> {
        let transaction = self.read()?;
        let dead = transaction.open_table(DEAD).map_err(failed)?;
        let mut letters = Vec::new();
        let entries = dead.range(message_steps::all_of(event)).map_err(failed)?;
        for entry in entries.take(most) {
            let (key, record) = entry.map_err(failed)?;
            let letter: StoredDeadLetter = decode("a dead letter", record.value())?;
            letters.push(DeadLetter {
                id: key.value().1.to_string(),
                order: letter.order,
                reason: letter.reason,
                received: letter.received,
                died_at: letter.died_at,
            });
        }
        Ok(letters)
    }

    async fn redrive(&self, event: &EventId) -> Result<usize, BackendError> {
        let event = event.clone();
        self.writer
            .run(move |batch| message_steps::redrive(batch, &event))
            .await
    }
}

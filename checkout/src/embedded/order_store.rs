use async_trait::async_trait;
use redb::ReadTransaction;
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

use super::{
    OrderBook, failed, order_steps,
    records::{COUNTS, ENDED, ORDERS, PENDING, SOLD, TICKETS, decode},
};
use crate::{
    BackendError, IdempotencyKey, Order, OrderId, OrderStore, PlaceError, Placed, SessionLedger,
    SettleError, Settlement, Stock, Tally,
};

#[async_trait]
impl OrderStore for OrderBook {
    async fn place(&self, order: Order, key: IdempotencyKey) -> Result<Placed, PlaceError> {
        self.writer
            .run(move |batch| order_steps::place(batch, order, &key))
            .await
    }

    async fn order(&self, id: OrderId) -> Result<Option<Order>, BackendError> {
        order_in(&self.read()?, id)
    }

    async fn latest_order(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Option<Order>, BackendError> {
        let transaction = self.read()?;
        let tickets = transaction.open_table(TICKETS).map_err(failed)?;
        let key = (event.as_str(), ticket.as_bytes());
        match tickets.get(key).map_err(failed)? {
            Some(id) => order_in(&transaction, OrderId::from_bytes(*id.value())),
            None => Ok(None),
        }
    }

    async fn settle(
        &self,
        id: OrderId,
        stock: &Stock,
        at: Timestamp,
    ) -> Result<Settlement, SettleError> {
        let stock = stock.clone();
        self.writer
            .run(move |batch| order_steps::settle(batch, id, &stock, at))
            .await
    }

    async fn pending(
        &self,
        before: Timestamp,
        after: Option<OrderId>,
        most: usize,
    ) -> Result<Vec<(OrderId, EventId)>, BackendError> {
        let transaction = self.read()?;
        let pending = transaction.open_table(PENDING).map_err(failed)?;
        let from = after.unwrap_or(OrderId::from_bytes([0; 16]));
        let to = OrderId::before_all_of(before);
        if from >= to {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let entries = pending.range::<&[u8; 16]>(from.as_bytes()..to.as_bytes());
        for entry in entries.map_err(failed)? {
            let (id, event) = entry.map_err(failed)?;
            let id = OrderId::from_bytes(*id.value());
            if after != Some(id)
                && let Ok(event) = event.value().parse()
            {
                found.push((id, event));
            }
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }

    async fn tally(&self, event: &EventId) -> Result<Tally, BackendError> {
        let transaction = self.read()?;
        let counts = transaction.open_table(COUNTS).map_err(failed)?;
        let stored = counts.get(event.as_str()).map_err(failed)?;
        let sold = transaction.open_table(SOLD).map_err(failed)?;
        Ok(Tally {
            orders: order_steps::counts(stored.map(|entry| entry.value()).unwrap_or_default()),
            sold: order_steps::sold(&sold, event).map_err(failed)?,
        })
    }

    async fn check(&self) -> Result<(), BackendError> {
        self.writer.check()?;
        self.read().map(drop)
    }
}

#[async_trait]
impl SessionLedger for OrderBook {
    async fn end_session(&self, session: SessionId, until: Timestamp) -> Result<(), BackendError> {
        self.writer
            .run(move |batch| order_steps::end_session(batch, session, until))
            .await
    }

    async fn has_ended(&self, session: SessionId) -> Result<bool, BackendError> {
        let transaction = self.read()?;
        let ended = transaction.open_table(ENDED).map_err(failed)?;
        let entry = ended.get(session.as_bytes()).map_err(failed)?;
        Ok(entry.is_some())
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<usize, BackendError> {
        self.writer
            .run(move |batch| order_steps::forget_expired(batch, now))
            .await
    }
}

fn order_in(transaction: &ReadTransaction, id: OrderId) -> Result<Option<Order>, BackendError> {
    let orders = transaction.open_table(ORDERS).map_err(failed)?;
    let record = orders.get(id.as_bytes()).map_err(failed)?;
    record
        .map(|record| decode("an order", record.value()))
        .transpose()
}

//! Settling an order: rule, carry out, close.

use waiting_room_core::{EventId, Timestamp};

use super::{DynamoOrderStore, ledger::Case, ledger_writer::LedgerWriter, orders::StoredOrder};
use crate::{
    BackendError, OrderId, OrderState, SettleError, Settlement, Sold, Stock, aws::nonce::Nonce,
};

pub(super) async fn settle(
    store: &DynamoOrderStore,
    id: OrderId,
    stock: &Stock,
    at: Timestamp,
) -> Result<Settlement, SettleError> {
    let stored = store.orders.accepted(id).await?;
    let stored = stored
        .filter(|stored| stored.order.event == *stock.event())
        .ok_or(SettleError::UnknownOrder)?;
    let ledger = store.ledger(stock.event());
    if stored.order.state != OrderState::Pending {
        let sold = ledger.look_and_close(id, stored.verdict.clone()).await?;
        return Ok(end(store, stored, false, stock, &sold).await?);
    }
    let call = Nonce::draw();
    let case = Case {
        order: id,
        basket: stored.order.basket,
        stock: stock.clone(),
        call: call.clone(),
        at,
    };
    let (verdict, sold) = ledger.rule(case).await?;
    let stored = store.orders.carry_out(id, &verdict, &call).await?;
    let stored = stored.ok_or(SettleError::UnknownOrder)?;
    let new = stored.settled_by.as_ref() == Some(&call);
    let named = stored.verdict.clone();
    let (settlement, closed) = tokio::join!(
        end(store, stored, new, stock, &sold),
        ledger.close(id, named)
    );
    closed?;
    Ok(settlement?)
}

/// Ends the session if it is over by the order.
async fn end(
    store: &DynamoOrderStore,
    stored: StoredOrder,
    new: bool,
    stock: &Stock,
    sold: &Sold,
) -> Result<Settlement, BackendError> {
    let order = stored.order;
    let ends_session = match order.state {
        OrderState::Pending => false,
        OrderState::Confirmed { .. } => true,
        OrderState::Refused { .. } => stock.is_sold_out(sold),
    };
    if ends_session {
        let until = order.session_expires_at;
        store.sessions.end(order.session, until).await?;
    }
    Ok(Settlement {
        order,
        new,
        ends_session,
    })
}

impl DynamoOrderStore {
    /// The writer of `event`'s ledger.
    pub(super) fn ledger(&self, event: &EventId) -> LedgerWriter {
        let mut ledgers = self
            .ledgers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ledgers.retain(|_, writer| !writer.is_gone());
        let writer = ledgers.entry(event.clone());
        writer
            .or_insert_with(|| LedgerWriter::start(self.orders.clone(), event))
            .clone()
    }
}

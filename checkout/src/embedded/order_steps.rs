//! What placing and settling an order, and ending a session, do in a transaction.

use redb::{ReadableTable, StorageError};
use waiting_room_core::{EventId, OfferId, SessionId, TicketId, Timestamp};

use super::{
    batch::{Batch, Done, Halt, Stepped},
    records::{Tables, decode, encode},
};
use crate::{
    BackendError, IdempotencyKey, Order, OrderCounts, OrderId, OrderState, PlaceError, Placed,
    RefusalReason, SettleError, Settlement, Sold, Stock,
};

pub(super) fn place(
    batch: &mut Batch<'_>,
    order: Order,
    key: &IdempotencyKey,
) -> Stepped<Placed, PlaceError> {
    let tables = &mut batch.tables;
    if let Some(earlier) = tables.requested(&order.event, order.ticket, key)? {
        if !earlier.asks_the_same_as(&order) {
            return Err(Halt::Refused(PlaceError::KeyReused));
        }
        return Ok(Done::Unchanged(Placed {
            order: earlier,
            new: false,
        }));
    }
    if let Some(last) = tables.last_of(&order.event, order.ticket)?
        && !last.state.lets_the_ticket_buy_again()
    {
        return Err(Halt::Refused(PlaceError::AlreadyBought { order: last.id }));
    }
    if order.came_too_late() || tables.ended.get(order.session.as_bytes())?.is_some() {
        return Err(Halt::Refused(PlaceError::SessionOver));
    }
    let record = encode(&order)?;
    let (id, event, ticket) = (
        order.id.as_bytes(),
        order.event.as_str(),
        order.ticket.as_bytes(),
    );
    tables.orders.insert(id, record.as_slice())?;
    tables.pending.insert(id, event)?;
    tables.requests.insert((event, ticket, key.as_str()), id)?;
    tables.tickets.insert((event, ticket), id)?;
    tables.count(&order.event, |counts| {
        *counts.of_mut(&OrderState::Pending) += 1;
    })?;
    Ok(Done::Wrote(Placed { order, new: true }))
}

pub(super) fn settle(
    batch: &mut Batch<'_>,
    id: OrderId,
    stock: &Stock,
    settled_at: Timestamp,
) -> Stepped<Settlement, SettleError> {
    let tables = &mut batch.tables;
    let mut order = tables
        .order::<SettleError>(id)?
        .filter(|order| order.event == *stock.event())
        .ok_or(Halt::Refused(SettleError::UnknownOrder))?;
    let sold = sold(&tables.sold, &order.event)?;
    if order.state != OrderState::Pending {
        return Ok(Done::Unchanged(Settlement {
            ends_session: ends_session(&order, stock, &sold),
            order,
            new: false,
        }));
    }
    order.state = if stock.covers(&order.basket, &sold) {
        OrderState::Confirmed { settled_at }
    } else {
        OrderState::Refused {
            reason: RefusalReason::SoldOut,
            settled_at,
        }
    };
    let record = encode(&order)?;
    if matches!(order.state, OrderState::Confirmed { .. }) {
        for line in order.basket.lines() {
            let total = sold.of_offer(&line.offer) + u64::from(line.quantity);
            let key = (order.event.as_str(), line.offer.as_str());
            tables.sold.insert(key, total)?;
        }
    }
    tables.orders.insert(id.as_bytes(), record.as_slice())?;
    tables.pending.remove(id.as_bytes())?;
    tables.count(&order.event, |counts| {
        let pending = counts.of_mut(&OrderState::Pending);
        *pending = pending.saturating_sub(1);
        *counts.of_mut(&order.state) += 1;
    })?;
    let ends_session = ends_session(&order, stock, &sold);
    if ends_session {
        let until = order.session_expires_at.as_micros();
        tables.ended.insert(order.session.as_bytes(), until)?;
    }
    Ok(Done::Wrote(Settlement {
        order,
        new: true,
        ends_session,
    }))
}

/// Whether the session of `order`, which is settled, is over by it. `sold` may be older than a
/// confirmed order, which ends its session anyway.
fn ends_session(order: &Order, stock: &Stock, sold: &Sold) -> bool {
    match order.state {
        OrderState::Pending => false,
        OrderState::Confirmed { .. } => true,
        OrderState::Refused { .. } => stock.is_sold_out(sold),
    }
}

pub(super) fn end_session(
    batch: &mut Batch<'_>,
    session: SessionId,
    until: Timestamp,
) -> Stepped<(), BackendError> {
    let ended = &mut batch.tables.ended;
    ended.insert(session.as_bytes(), until.as_micros())?;
    Ok(Done::Wrote(()))
}

pub(super) fn forget_expired(
    batch: &mut Batch<'_>,
    now: Timestamp,
) -> Stepped<usize, BackendError> {
    let mut forgotten = 0;
    batch.tables.ended.retain(|_, until| {
        let keep = until >= now.as_micros();
        forgotten += usize::from(!keep);
        keep
    })?;
    if forgotten == 0 {
        return Ok(Done::Unchanged(0));
    }
    Ok(Done::Wrote(forgotten))
}

/// What is sold of `event`'s offers.
pub(super) fn sold(
    table: &impl ReadableTable<(&'static str, &'static str), u64>,
    event: &EventId,
) -> Result<Sold, StorageError> {
    // Slugs sort before the tilde.
    let all = (event.as_str(), "")..(event.as_str(), "~");
    let mut sold = Vec::new();
    for entry in table.range(all)? {
        let (key, count) = entry?;
        if let Ok(offer) = key.value().1.parse::<OfferId>() {
            sold.push((offer, count.value()));
        }
    }
    Ok(sold.into_iter().collect())
}

pub(super) fn counts((pending, confirmed, refused): (u64, u64, u64)) -> OrderCounts {
    OrderCounts {
        pending,
        confirmed,
        refused,
    }
}

impl Tables<'_> {
    fn order<E: From<BackendError>>(&self, id: OrderId) -> Result<Option<Order>, Halt<E>> {
        let record = self.orders.get(id.as_bytes())?;
        Ok(record
            .map(|record| decode("an order", record.value()))
            .transpose()?)
    }

    fn requested(
        &self,
        event: &EventId,
        ticket: TicketId,
        key: &IdempotencyKey,
    ) -> Result<Option<Order>, Halt<PlaceError>> {
        let key = (event.as_str(), ticket.as_bytes(), key.as_str());
        let id = self.requests.get(key)?.map(|id| *id.value());
        self.by_id(id)
    }

    fn last_of(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Option<Order>, Halt<PlaceError>> {
        let key = (event.as_str(), ticket.as_bytes());
        let id = self.tickets.get(key)?.map(|id| *id.value());
        self.by_id(id)
    }

    fn by_id(&self, id: Option<[u8; 16]>) -> Result<Option<Order>, Halt<PlaceError>> {
        match id {
            Some(id) => self.order(OrderId::from_bytes(id)),
            None => Ok(None),
        }
    }

    fn count(
        &mut self,
        event: &EventId,
        change: impl FnOnce(&mut OrderCounts),
    ) -> Result<(), StorageError> {
        let stored = self.counts.get(event.as_str())?.map(|entry| entry.value());
        let mut counts = counts(stored.unwrap_or_default());
        change(&mut counts);
        let stored = (counts.pending, counts.confirmed, counts.refused);
        self.counts.insert(event.as_str(), stored)?;
        Ok(())
    }
}

//! Placing an order: a draft, then its name in the ticket.

use super::{
    orders::{Orders, TicketRecord},
    sessions::Sessions,
    table::{Missing, Versioned, Written},
};
use crate::{BackendError, IdempotencyKey, Order, OrderId, PlaceError, Placed, aws::nonce::Nonce};

/// How often somebody else may get in before, with requests of the same ticket, until we give up.
const MOST_TRIES: usize = 16;

pub(super) async fn place(
    orders: &Orders,
    sessions: &Sessions,
    order: Order,
    key: &IdempotencyKey,
) -> Result<Placed, PlaceError> {
    let mut ticket = orders.ticket(&order.event, order.ticket).await?;
    let mut drafted: Option<Nonce> = None;
    for _ in 0..MOST_TRIES {
        match admit(orders, sessions, &ticket, &order, key).await {
            Ok(None) => {}
            Ok(Some(placed)) => {
                withdraw(orders, &order, drafted, &placed).await;
                return Ok(placed);
            }
            Err(refused) => {
                if let Some(attempt) = drafted {
                    take_back(orders, order.id, &attempt).await;
                }
                return Err(refused);
            }
        }
        let attempt = Nonce::draw();
        orders.draft(&order, &attempt).await?;
        match orders.claim(&ticket, &order, key).await? {
            Written::Done => return Ok(Placed { order, new: true }),
            Written::Changed(changed) => ticket = changed,
        }
        drafted = Some(attempt);
    }
    Err(BackendError::unavailable(TooBusy).into())
}

/// The ticket's item changed all the time.
#[derive(Debug, thiserror::Error)]
#[error("too many requests of one ticket at once")]
struct TooBusy;

/// Whether `order` may be placed: `None`, or else what was placed before under `key`.
async fn admit(
    orders: &Orders,
    sessions: &Sessions,
    ticket: &Versioned<TicketRecord>,
    order: &Order,
    key: &IdempotencyKey,
) -> Result<Option<Placed>, PlaceError> {
    if let Some(id) = ticket.value.requested(key) {
        let earlier = named(orders, id).await?;
        if !earlier.asks_the_same_as(order) {
            return Err(PlaceError::KeyReused);
        }
        return Ok(Some(Placed {
            order: earlier,
            // Named by a write of ours whose answer was lost.
            new: id == order.id,
        }));
    }
    if let Some(last) = ticket.value.last()
        && !named(orders, last).await?.state.lets_the_ticket_buy_again()
    {
        return Err(PlaceError::AlreadyBought { order: last });
    }
    if order.came_too_late() || sessions.has_ended(order.session).await? {
        return Err(PlaceError::SessionOver);
    }
    Ok(None)
}

/// Reads an order that a ticket names, so it is there.
async fn named(orders: &Orders, id: OrderId) -> Result<Order, BackendError> {
    let stored = orders.stored(id).await?;
    let stored = stored.ok_or_else(|| BackendError::unreadable(id.to_string(), Missing("body")))?;
    Ok(stored.order)
}

async fn withdraw(orders: &Orders, order: &Order, drafted: Option<Nonce>, placed: &Placed) {
    if let Some(attempt) = drafted
        && placed.order.id != order.id
    {
        take_back(orders, order.id, &attempt).await;
    }
}

/// Deletes our draft; if that fails, the sweep does it.
async fn take_back(orders: &Orders, id: OrderId, attempt: &Nonce) {
    if let Err(error) = orders.take_back(id, attempt).await {
        tracing::debug!(order = %id, error = crate::error::chain(&error), "a draft is left to the sweep");
    }
}

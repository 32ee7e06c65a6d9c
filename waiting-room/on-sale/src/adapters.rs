//! How the services reach one another.

use std::sync::Arc;

use async_trait::async_trait;
use checkout::{Figures, GateError, OrderQueue, OrderStore, SessionGate};
use waiting_room::{
    queue_store::QueueStore,
    shop::{OrderFigures, Shop, ShopFigures, ShopUnavailable},
};
use waiting_room_catalogue::Event;
use waiting_room_core::{EventId, Session, SessionId, TicketId};

/// The waiting room's door, as a checkout in the same process sees it.
pub struct Door(pub Arc<dyn QueueStore>);

#[async_trait]
impl SessionGate for Door {
    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> Result<(), GateError> {
        match self.0.end_session(event, ticket, session).await {
            Ok(_) => Ok(()),
            Err(error) => Err(GateError::new(error)),
        }
    }
}

/// The shop, as the waiting room sees it: checkout's own store and queue.
pub struct Tills {
    /// Orders and stock.
    pub store: Arc<dyn OrderStore>,
    /// Orders under way.
    pub queue: Arc<dyn OrderQueue>,
}

#[async_trait]
impl Shop for Tills {
    async fn figures(&self, event: &Event) -> Option<ShopFigures> {
        let figures = Figures::of(event, &*self.store, &*self.queue).await;
        let figures = figures
            .inspect_err(|error| {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "no figures of the shop"
                );
            })
            .ok()?;
        Some(ShopFigures {
            stock_left: figures
                .offers
                .into_iter()
                .map(|offer| (offer.id, offer.stock_left))
                .collect(),
            orders: OrderFigures {
                pending: figures.orders.pending,
                confirmed: figures.orders.confirmed,
                refused: figures.orders.refused,
                queue_depth: figures.orders.queue_depth,
                dead_letters: figures.orders.dead_letters,
            },
        })
    }

    async fn close_session(&self, session: Session) -> Result<(), ShopUnavailable> {
        let closed = self.store.end_session(session.id, session.expires_at).await;
        closed.map_err(|error| ShopUnavailable(Box::new(error)))
    }
}

//! How the services reach one another inside one process.

use std::sync::Arc;

use async_trait::async_trait;
use checkout::{Checkout, GateError, OrderStore, SessionGate};
use waiting_room::{
    queue_store::QueueStore,
    shop::{OrderFigures, Shop, ShopFigures, ShopUnavailable},
};
use waiting_room_catalogue::Event;
use waiting_room_core::{EventId, Session, SessionId, TicketId};

/// The waiting room's door, as checkout sees it.
pub(crate) struct Door(pub(crate) Arc<dyn QueueStore>);

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

/// The shop, as the waiting room sees it.
pub(crate) struct Tills {
    pub(crate) checkout: Checkout,
    pub(crate) ledger: Arc<dyn OrderStore>,
}

#[async_trait]
impl Shop for Tills {
    async fn figures(&self, event: &Event) -> Option<ShopFigures> {
        let figures = match self.checkout.figures(&event.id).await {
            Ok(figures) => figures?,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no figures of the shop"
                );
                return None;
            }
        };
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
        let closed = self
            .ledger
            .end_session(session.id, session.expires_at)
            .await;
        closed.map_err(|error| ShopUnavailable(Box::new(error)))
    }
}

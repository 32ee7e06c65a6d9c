//! Placing an order, whichever way the request came.

use crate::{
    IdempotencyKey, Order, OrderId, OrderMessage, OrderRequest, OrderState, Placed,
    error::chain,
    http::{Checkout, Pass, Refusal},
    observe,
};

impl Checkout {
    /// Places what `request` asks for in the session that `pass` opens. The answer is that of the
    /// order store: an order that is written as pending is accepted, whatever happens next. A region that is not
    /// the active one takes none; what it accepted before is settled all the same.
    pub(crate) async fn place(
        &self,
        pass: &Pass,
        key: IdempotencyKey,
        request: OrderRequest,
    ) -> Result<Placed, Refusal> {
        if !self.parts().fence.admission().is_active() {
            return Err(Refusal::RegionNotActive);
        }
        let claims = &pass.claims;
        let (basket, buyer) = request.check(self.event(&claims.event)?)?;
        let order = Order {
            id: OrderId::draw(pass.at),
            event: claims.event.clone(),
            ticket: claims.ticket,
            session: claims.session,
            session_expires_at: claims.expires_at,
            basket,
            buyer,
            placed_at: pass.at,
            state: OrderState::Pending,
        };
        let placed = self.parts().store.place(order, key).await?;
        if placed.new {
            observe::placed(&claims.event);
            self.send(&placed.order).await;
        }
        Ok(placed)
    }

    /// Puts `order` on the queue. When that fails, the sweeper finds the order pending.
    async fn send(&self, order: &Order) {
        let message = OrderMessage {
            order: order.id,
            event: order.event.clone(),
        };
        if let Err(error) = self.parts().queue.send(message).await {
            tracing::warn!(order = %order.id, event = %order.event, error = chain(&error),
                "an order was not put on the queue, the sweeper will");
        }
    }

    /// The order `id`, if the ticket that `pass` is for placed it. That it exists is nobody else's
    /// business.
    pub(crate) async fn own_order(&self, pass: &Pass, id: OrderId) -> Result<Order, Refusal> {
        let order = self.parts().store.order(id).await?;
        order
            .filter(|order| order.ticket == pass.claims.ticket && order.event == pass.claims.event)
            .ok_or(Refusal::UnknownOrder)
    }
}

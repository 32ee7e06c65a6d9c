//! What became of the order of the ticket that the cookie is for.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use basic_pages::{Frame, Reader, render};
use http::StatusCode;

use super::{Visit, review::Lines};
use crate::{Order, OrderState, RefusalReason};

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    words: OrderWords,
    event_id: String,
    event_name: String,
    facts: Option<String>,
    title: String,
    text: String,
    order_id: String,
    name: String,
    email: String,
    placed_at: String,
    lines: Lines,
    go: bool,
    pending: bool,
    may_choose_again: bool,
}

/// The page's own texts.
struct OrderWords {
    number: String,
    buyer: String,
    placed: String,
    item: String,
    quantity: String,
    price: String,
    sum: String,
    total: String,
    check: String,
    again: String,
}

pub(super) async fn show(visit: Visit) -> Response {
    let store = &visit.checkout.parts().store;
    let ticket = visit.pass.claims.ticket;
    let order = match store.latest_order(&visit.event.id, ticket).await {
        Ok(Some(order)) => order,
        Ok(None) => {
            let checkout = format!("/basic/{}/checkout", visit.event.id);
            return Redirect::to(&checkout).into_response();
        }
        Err(error) => return visit.refused(error.into()),
    };
    let refused = order.state.lets_the_ticket_buy_again();
    let may_choose_again = refused && {
        let open = visit.checkout.open_session(visit.pass.clone()).await;
        open.is_ok()
    };
    let page = OrderPage::of(&visit, &order, may_choose_again);
    render(StatusCode::OK, &page, &visit.reader)
}

impl OrderPage {
    fn of(visit: &Visit, order: &Order, may_choose_again: bool) -> Self {
        let (event, reader) = (&visit.event, &visit.reader);
        let (title, text) = match order.state {
            OrderState::Pending => ("order.pending", "order.pending_text"),
            OrderState::Confirmed { .. } => ("order.confirmed", "order.confirmed_text"),
            OrderState::Refused {
                reason: RefusalReason::SoldOut,
                ..
            } => ("order.refused", "order.refused_text"),
        };
        let mut text = reader.text(text);
        if may_choose_again {
            text = format!("{text} {}", reader.text("order.refused_choose"));
        }
        let when = event.starts_at.map(|at| reader.date_time(at));
        let facts: Vec<String> = event.venue.clone().into_iter().chain(when).collect();
        Self {
            frame: reader.frame(),
            words: OrderWords::of(reader),
            event_id: event.id.to_string(),
            event_name: event.name.clone(),
            facts: (!facts.is_empty()).then(|| facts.join(" · ")),
            title: reader.text(title),
            text,
            order_id: order.id.to_string(),
            name: order.buyer.name.as_str().to_owned(),
            email: order.buyer.email.as_str().to_owned(),
            placed_at: reader.date_time(order.placed_at),
            lines: Lines::of(&order.basket, reader),
            go: matches!(order.state, OrderState::Confirmed { .. }),
            pending: order.state == OrderState::Pending,
            may_choose_again,
        }
    }
}

impl OrderWords {
    fn of(reader: &Reader) -> Self {
        Self {
            number: reader.text("order.number"),
            buyer: reader.text("order.for"),
            placed: reader.text("order.placed"),
            item: reader.text("order.item"),
            quantity: reader.text("order.quantity"),
            price: reader.text("offers.price"),
            sum: reader.text("order.sum"),
            total: reader.text("checkout.total"),
            check: reader.text("basic.check_again"),
            again: reader.text("order.again"),
        }
    }
}

//! What became of the order of the ticket that the cookie is for.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::{Visit, money, refused, render};
use crate::{Order, OrderState};

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    event_id: String,
    event_name: String,
    title: &'static str,
    text: &'static str,
    order_id: String,
    name: String,
    email: String,
    placed_at: String,
    lines: Vec<LineRow>,
    total: String,
    go: bool,
    pending: bool,
    may_choose_again: bool,
}

struct LineRow {
    name: String,
    quantity: u32,
    price: String,
    sum: String,
}

pub(super) async fn show(visit: Visit) -> Response {
    let Visit {
        checkout,
        event,
        pass,
    } = visit;
    let store = &checkout.parts().store;
    let order = match store.latest_order(&event.id, pass.claims.ticket).await {
        Ok(Some(order)) => order,
        Ok(None) => {
            let checkout = format!("/basic/{}/checkout", event.id);
            return Redirect::to(&checkout).into_response();
        }
        Err(error) => return refused(Some(&event.id), error.into()),
    };
    let refused = order.state.lets_the_ticket_buy_again();
    let may_choose_again = refused && checkout.open_session(pass).await.is_ok();
    let page = OrderPage::of(&order, event.name, may_choose_again);
    render(StatusCode::OK, &page)
}

impl OrderPage {
    fn of(order: &Order, event_name: String, may_choose_again: bool) -> Self {
        let (title, text) = match order.state {
            OrderState::Pending => (
                "Reserving",
                "Your order has been received and stands in line for the stock. You can stay here or \
                 come back: it is settled either way.",
            ),
            OrderState::Confirmed { .. } => {
                ("Confirmed", "It is yours. Keep this page or print it.")
            }
            OrderState::Refused { .. } if may_choose_again => (
                "Sold out",
                "What you chose was sold out before it could be reserved. Nothing was charged. While \
                 your session lasts you can choose something else.",
            ),
            OrderState::Refused { .. } => (
                "Sold out",
                "What you chose was sold out before it could be reserved. Nothing was charged.",
            ),
        };
        let currency = order.basket.currency();
        let money = |cents| money(cents, currency.as_str());
        let lines = order.basket.lines().iter();
        Self {
            event_id: order.event.to_string(),
            event_name,
            title,
            text,
            order_id: order.id.to_string(),
            name: order.buyer.name.as_str().to_owned(),
            email: order.buyer.email.as_str().to_owned(),
            placed_at: order.placed_at.to_string(),
            lines: lines
                .map(|line| LineRow {
                    name: line.name.clone(),
                    quantity: line.quantity,
                    price: money(line.price_cents),
                    sum: money(line.price_cents.saturating_mul(u64::from(line.quantity))),
                })
                .collect(),
            total: money(order.basket.total_cents()),
            go: matches!(order.state, OrderState::Confirmed { .. }),
            pending: order.state == OrderState::Pending,
            may_choose_again,
        }
    }
}

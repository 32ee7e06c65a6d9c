//! The total, and for whom it is, before anything is ordered.

use askama::Template;
use basic_pages::{Frame, Reader};

use super::{Visit, filled::Filled};
use crate::{Basket, Buyer};

/// The lines of a basket in words; the order's page shows them too.
pub(super) struct Lines {
    pub(super) rows: Vec<LineRow>,
    pub(super) total: String,
}

pub(super) struct LineRow {
    pub(super) offer: String,
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) price: String,
    pub(super) sum: String,
}

impl Lines {
    pub(super) fn of(basket: &Basket, reader: &Reader) -> Self {
        let currency = basket.currency();
        let money = |cents| reader.money(cents, currency.as_str());
        let rows = basket.lines().iter().map(|line| LineRow {
            offer: line.offer.to_string(),
            name: line.name.clone(),
            quantity: reader.number(u64::from(line.quantity)),
            price: money(line.price_cents),
            sum: money(line.price_cents.saturating_mul(u64::from(line.quantity))),
        });
        Self {
            rows: rows.collect(),
            total: money(basket.total_cents()),
        }
    }
}

#[derive(Template)]
#[template(path = "review.html")]
pub(super) struct ReviewPage {
    frame: Frame,
    event_id: String,
    event_name: String,
    title: String,
    text: String,
    session: String,
    item: String,
    quantity: String,
    price: String,
    sum: String,
    total: String,
    buyer: String,
    order: String,
    change: String,
    lines: Lines,
    filled: Filled,
    shown_name: String,
    shown_email: String,
}

impl ReviewPage {
    pub(super) fn of(visit: &Visit, filled: Filled, basket: &Basket, buyer: &Buyer) -> Self {
        let reader = &visit.reader;
        Self {
            frame: reader.frame(),
            event_id: visit.event.id.to_string(),
            event_name: visit.event.name.clone(),
            title: reader.text("basic.review_title"),
            text: reader.text("basic.review_text"),
            session: visit.session_left(),
            item: reader.text("order.item"),
            quantity: reader.text("order.quantity"),
            price: reader.text("offers.price"),
            sum: reader.text("order.sum"),
            total: reader.text("checkout.total"),
            buyer: reader.text("order.for"),
            order: reader.text("checkout.submit"),
            change: reader.text("basic.change"),
            lines: Lines::of(basket, reader),
            filled,
            shown_name: buyer.name.as_str().to_owned(),
            shown_email: buyer.email.as_str().to_owned(),
        }
    }
}

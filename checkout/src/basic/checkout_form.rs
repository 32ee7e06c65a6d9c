//! The form that an order is placed with.
//!
//! It carries the idempotency key that its order will have, drawn when the form is rendered: so
//! pressing the button twice, or sending the form once more after a lost answer, orders once.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Form, rejection::FormRejection},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use service_kit::{extract::SameOrigin, problem::Problem};
use waiting_room_catalogue::Event;

use super::{Visit, money, refused, render, to_order};
use crate::{
    Field, Figures, IdempotencyKey, InvalidOrder, LineRequest, OrderRequest, OrderState,
    http::Refusal,
};

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    event_id: String,
    event_name: String,
    venue: Option<String>,
    session_left: String,
    note: Option<&'static str>,
    key: String,
    offers: Vec<OfferRow>,
    sold_out: bool,
    lines_error: Option<String>,
    name: String,
    name_error: Option<String>,
    email: String,
    email_error: Option<String>,
}

struct OfferRow {
    id: String,
    name: String,
    price: String,
    left: u32,
    most: u32,
    wanted: String,
}

/// What a fan filled in. Nothing of it is checked yet.
#[derive(Debug, Default)]
struct Filled {
    key: String,
    name: String,
    email: String,
    quantities: Vec<(String, String)>,
}

/// What each quantity's field is called, before the offer's id.
const QUANTITY: &str = "quantity.";

/// Shows the form, or the order that the ticket has already.
pub(super) async fn show(visit: Visit) -> Response {
    let latest = latest_state(&visit).await;
    let note = match latest {
        Err(refusal) => return refused(Some(&visit.event.id), refusal),
        Ok(Some(OrderState::Pending | OrderState::Confirmed { .. })) => {
            return to_order(&visit.event.id);
        }
        Ok(Some(OrderState::Refused { .. })) => Some(
            "Your last choice was sold out before it could be reserved. Nothing was charged: please \
             choose something else.",
        ),
        Ok(None) => None,
    };
    let filled = Filled {
        key: draw_key(),
        ..Filled::default()
    };
    form(visit, filled, InvalidOrder(Vec::new()), note).await
}

/// Places the order that the form asks for.
pub(super) async fn submit(
    _: SameOrigin,
    visit: Visit,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Form(fields)) = form else {
        return malformed();
    };
    let mut filled = Filled::of(fields);
    let Ok(key) = filled.key.parse::<IdempotencyKey>() else {
        return malformed();
    };
    match visit
        .checkout
        .place(&visit.pass, key, filled.request())
        .await
    {
        Ok(_) | Err(Refusal::AlreadyBought(_)) => to_order(&visit.event.id),
        Err(Refusal::InvalidOrder(faults)) => self::form(visit, filled, faults, None).await,
        Err(Refusal::KeyReused) => {
            filled.key = draw_key();
            let note = "This form was sent before with another choice. Please check it and send it \
                        again.";
            self::form(visit, filled, InvalidOrder(Vec::new()), Some(note)).await
        }
        Err(refusal) => refused(Some(&visit.event.id), refusal),
    }
}

fn malformed() -> Response {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed-form",
        "The form is not complete",
    )
    .into_response()
}

async fn latest_state(visit: &Visit) -> Result<Option<OrderState>, Refusal> {
    let store = &visit.checkout.parts().store;
    let ticket = visit.pass.claims.ticket;
    let latest = store.latest_order(&visit.event.id, ticket).await?;
    Ok(latest.map(|order| order.state))
}

async fn form(
    visit: Visit,
    filled: Filled,
    faults: InvalidOrder,
    note: Option<&'static str>,
) -> Response {
    let Visit {
        checkout,
        event,
        pass,
    } = visit;
    let open = checkout.open_session(pass.clone()).await;
    let figures = checkout.figures(&event.id).await;
    let figures = match (open, figures) {
        (Ok(_), Ok(Some(figures))) => figures,
        (Err(Refusal::InvalidToken(_)), _) => {
            return refused(Some(&event.id), Refusal::SessionOver);
        }
        (Err(refusal), _) => return refused(Some(&event.id), refusal),
        (_, Ok(None)) => return refused(None, Refusal::UnknownEvent),
        (_, Err(error)) => return refused(Some(&event.id), error.into()),
    };
    let offers: Vec<OfferRow> = offer_rows(&event, &figures, &filled);
    let status = if faults.0.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = CheckoutPage {
        event_id: event.id.to_string(),
        event_name: event.name,
        venue: event.venue,
        session_left: in_words(pass.claims.expires_at.since(pass.at)),
        note,
        key: filled.key,
        sold_out: offers.iter().all(|offer| offer.left == 0),
        offers,
        lines_error: told(&faults, Field::Lines),
        name: filled.name,
        name_error: told(&faults, Field::Name),
        email: filled.email,
        email_error: told(&faults, Field::Email),
    };
    render(status, &page)
}

fn offer_rows(event: &Event, figures: &Figures, filled: &Filled) -> Vec<OfferRow> {
    let offers = event.offers.iter().zip(&figures.offers);
    offers
        .map(|(offer, figures)| OfferRow {
            id: offer.id.to_string(),
            name: offer.name.clone(),
            price: money(offer.price_cents, offer.currency.as_str()),
            left: figures.stock_left,
            most: offer.max_per_order.min(figures.stock_left),
            wanted: filled.wanted(offer.id.as_str()),
        })
        .collect()
}

fn told(InvalidOrder(faults): &InvalidOrder, field: Field) -> Option<String> {
    let details: Vec<&str> = faults
        .iter()
        .filter(|fault| fault.field == field)
        .map(|fault| fault.detail.as_str())
        .collect();
    (!details.is_empty()).then(|| details.join(" "))
}

fn in_words(left: Duration) -> String {
    match left.as_secs() {
        0..=90 => format!("{} seconds", left.as_secs()),
        seconds => format!("{} minutes", seconds / 60),
    }
}

fn draw_key() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())
}

impl Filled {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (field, value) in fields {
            match field.as_str() {
                "key" => filled.key = value,
                "name" => filled.name = value,
                "email" => filled.email = value,
                field => {
                    if let Some(offer) = field.strip_prefix(QUANTITY) {
                        filled.quantities.push((offer.to_owned(), value));
                    }
                }
            }
        }
        filled
    }

    fn wanted(&self, offer: &str) -> String {
        let found = self.quantities.iter().find(|(id, _)| id == offer);
        found.map_or_else(|| "0".to_owned(), |(_, quantity)| quantity.clone())
    }

    /// The request that this stands for. A field that was left empty orders nothing; one that is no
    /// number orders an impossible number, so that its complaint is told.
    fn request(&self) -> OrderRequest {
        let lines = self.quantities.iter().filter_map(|(offer, quantity)| {
            let quantity = match quantity.trim() {
                "" => 0,
                text => text.parse().unwrap_or(-1),
            };
            (quantity != 0).then(|| LineRequest {
                offer: offer.clone(),
                quantity,
            })
        });
        OrderRequest {
            lines: lines.collect(),
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_orders_nothing_and_rubbish_is_complained_about() {
        let fields = [
            ("quantity.a", "2"),
            ("quantity.b", ""),
            ("quantity.c", "0"),
            ("quantity.d", "two"),
            ("name", "Ada"),
            ("colour", "blue"),
        ];
        let fields = fields.map(|(field, value)| (field.to_owned(), value.to_owned()));
        let request = Filled::of(fields.to_vec()).request();
        let lines: Vec<_> = request
            .lines
            .iter()
            .map(|line| (line.offer.as_str(), line.quantity))
            .collect();
        assert_eq!(lines, [("a", 2), ("d", -1)]);
        assert_eq!(request.name, "Ada");
    }

    #[test]
    fn a_drawn_key_is_a_valid_one() {
        assert!(draw_key().parse::<IdempotencyKey>().is_ok());
        assert_ne!(draw_key(), draw_key());
    }
}

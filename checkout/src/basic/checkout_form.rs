//! The form that an order is placed with.
//!
//! It carries the idempotency key that its order will have, drawn when the form is rendered: so
//! pressing the button twice, or sending the form once more after a lost answer, orders once.

use askama::Template;
use axum::{
    extract::{Form, rejection::FormRejection},
    response::Response,
};
use basic_pages::{Frame, Reader, render};
use http::StatusCode;
use service_kit::extract::SameOrigin;

use super::{
    Visit,
    filled::{Filled, Step},
    message::{malformed, refused},
    review::ReviewPage,
};
use crate::{Field, Figures, IdempotencyKey, InvalidOrder, OrderState, Wrong, http::Refusal};

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    frame: Frame,
    words: FormWords,
    event_id: String,
    event_name: String,
    venue: Option<String>,
    session: String,
    note: Option<String>,
    faulty: Option<String>,
    sold_out: Option<String>,
    key: String,
    offers: Vec<OfferRow>,
    lines_error: Option<String>,
    name: String,
    name_error: Option<String>,
    email: String,
    email_error: Option<String>,
}

/// The form's own texts.
struct FormWords {
    title: String,
    choose: String,
    offer: String,
    price: String,
    left: String,
    sold_out: String,
    who: String,
    name: String,
    email: String,
    email_hint: String,
    review: String,
    leave: String,
}

struct OfferRow {
    id: String,
    name: String,
    price: String,
    left: String,
    gone: bool,
    most: u32,
    how_many: String,
    limit: String,
    wanted: String,
}

/// Shows the form, or the order that the ticket has already.
pub(super) async fn show(visit: Visit) -> Response {
    let note = match latest_state(&visit).await {
        Err(refusal) => return visit.refused(refusal),
        Ok(Some(OrderState::Pending | OrderState::Confirmed { .. })) => return visit.to_order(),
        Ok(Some(OrderState::Refused { .. })) => Some("checkout.was_refused"),
        Ok(None) => None,
    };
    form(visit, Filled::empty(), InvalidOrder(Vec::new()), note).await
}

/// Takes the form: shows the total, or places the order.
pub(super) async fn submit(
    _: SameOrigin,
    visit: Visit,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Form(fields)) = form else {
        return malformed(&visit.reader, &visit.event.id);
    };
    let filled = Filled::of(fields);
    let Ok(key) = filled.key.parse::<IdempotencyKey>() else {
        return malformed(&visit.reader, &visit.event.id);
    };
    match filled.step {
        Step::Order => place(visit, key, filled).await,
        Step::Change => self::form(visit, filled, InvalidOrder(Vec::new()), None).await,
        Step::Review => match filled.request().check(&visit.event) {
            Err(faults) => self::form(visit, filled, faults, None).await,
            Ok((basket, buyer)) => {
                if let Err(refusal) = visit.checkout.open_session(visit.pass.clone()).await {
                    return not_open(&visit, refusal);
                }
                let page = ReviewPage::of(&visit, filled, &basket, &buyer);
                render(StatusCode::OK, &page, &visit.reader)
            }
        },
    }
}

async fn place(visit: Visit, key: IdempotencyKey, filled: Filled) -> Response {
    match visit
        .checkout
        .place(&visit.pass, key, filled.request())
        .await
    {
        Ok(_) | Err(Refusal::AlreadyBought(_)) => visit.to_order(),
        Err(Refusal::InvalidOrder(faults)) => form(visit, filled, faults, None).await,
        Err(Refusal::KeyReused) => {
            let faults = InvalidOrder(Vec::new());
            form(visit, filled.anew(), faults, Some("basic.resent")).await
        }
        Err(refusal) => visit.refused(refusal),
    }
}

async fn latest_state(visit: &Visit) -> Result<Option<OrderState>, Refusal> {
    let store = &visit.checkout.parts().store;
    let ticket = visit.pass.claims.ticket;
    let latest = store.latest_order(&visit.event.id, ticket).await?;
    Ok(latest.map(|order| order.state))
}

/// A pass that was good when it was issued opens nothing any more: its time is over.
fn not_open(visit: &Visit, refusal: Refusal) -> Response {
    visit.refused(match refusal {
        Refusal::InvalidToken(_) => Refusal::SessionOver,
        refusal => refusal,
    })
}

async fn form(
    visit: Visit,
    filled: Filled,
    faults: InvalidOrder,
    note: Option<&'static str>,
) -> Response {
    let open = visit.checkout.open_session(visit.pass.clone()).await;
    let figures = visit.checkout.figures(&visit.event.id).await;
    let figures = match (open, figures) {
        (Ok(_), Ok(Some(figures))) => figures,
        (Err(refusal), _) => return not_open(&visit, refusal),
        (_, Ok(None)) => return refused(&visit.reader, None, Refusal::UnknownEvent),
        (_, Err(error)) => return visit.refused(error.into()),
    };
    let status = if faults.0.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = CheckoutPage::of(&visit, filled, &figures, &faults, note);
    render(status, &page, &visit.reader)
}

impl CheckoutPage {
    fn of(
        visit: &Visit,
        filled: Filled,
        figures: &Figures,
        faults: &InvalidOrder,
        note: Option<&'static str>,
    ) -> Self {
        let reader = &visit.reader;
        let told = |field| told(faults, field, reader);
        let offers = offer_rows(visit, figures, &filled);
        let sold_out = offers.iter().all(|offer| offer.gone);
        Self {
            frame: reader.frame(),
            words: FormWords::of(reader),
            event_id: visit.event.id.to_string(),
            event_name: visit.event.name.clone(),
            venue: visit.event.venue.clone(),
            session: visit.session_left(),
            note: note.map(|note| reader.text(note)),
            faulty: (!faults.0.is_empty()).then(|| reader.text("basic.faults")),
            sold_out: sold_out.then(|| reader.text("checkout.all_sold_out")),
            key: filled.key,
            offers,
            lines_error: told(Field::Lines),
            name: filled.name,
            name_error: told(Field::Name),
            email: filled.email,
            email_error: told(Field::Email),
        }
    }
}

impl FormWords {
    fn of(reader: &Reader) -> Self {
        Self {
            title: reader.text("checkout.title"),
            choose: reader.text("checkout.choose"),
            offer: reader.text("offers.offer"),
            price: reader.text("offers.price"),
            left: reader.text("offers.left"),
            sold_out: reader.text("checkout.sold_out"),
            who: reader.text("checkout.who"),
            name: reader.text("checkout.name"),
            email: reader.text("checkout.email"),
            email_hint: reader.text("checkout.email_hint"),
            review: reader.text("basic.review"),
            leave: reader.text("checkout.leave"),
        }
    }
}

fn offer_rows(visit: &Visit, figures: &Figures, filled: &Filled) -> Vec<OfferRow> {
    let reader = &visit.reader;
    let offers = visit.event.offers.iter().zip(&figures.offers);
    offers
        .map(|(offer, figures)| OfferRow {
            id: offer.id.to_string(),
            name: offer.name.clone(),
            price: reader.money(offer.price_cents, offer.currency.as_str()),
            left: reader.number(u64::from(figures.stock_left)),
            gone: figures.stock_left == 0,
            most: offer.max_per_order.min(figures.stock_left),
            how_many: reader.fill("checkout.quantity", &[("offer", &offer.name)]),
            limit: reader.count("basic.up_to", u64::from(offer.max_per_order)),
            wanted: filled.wanted(offer.id.as_str()),
        })
        .collect()
}

fn told(InvalidOrder(faults): &InvalidOrder, field: Field, reader: &Reader) -> Option<String> {
    let sentences: Vec<String> = faults
        .iter()
        .filter(|fault| fault.field == field)
        .map(|fault| match &fault.wrong {
            Wrong::Nothing => reader.text("checkout.choose_one"),
            Wrong::UnknownOffer => reader.text("basic.unknown_offer"),
            Wrong::Twice(offer) => reader.fill("basic.twice", &[("offer", offer)]),
            Wrong::Quantity { offer, most } => {
                let most = reader.number(u64::from(*most));
                reader.fill("basic.quantity", &[("most", &most), ("offer", offer)])
            }
            Wrong::TooMuch => reader.text("basic.too_much"),
            Wrong::NoName => reader.text("checkout.name_missing"),
            Wrong::Name => reader.text("basic.name_wrong"),
            Wrong::NoEmail => reader.text("checkout.email_missing"),
            Wrong::Email => reader.text("checkout.email_wrong"),
        })
        .collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

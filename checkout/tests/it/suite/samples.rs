//! An event with two offers, and orders for it.

use std::time::Duration;

use checkout::{LineRequest, Order, OrderId, OrderRequest, OrderState, Stock};
use waiting_room_catalogue::{Catalogue, Event};
use waiting_room_core::{EventId, OfferId, SessionId, TicketId, Timestamp};

pub const NOW: Timestamp = Timestamp::from_seconds(1_795_250_000);
pub const SESSION: Duration = Duration::from_secs(600);

pub fn event_id() -> EventId {
    "aurora-live".parse().unwrap()
}

pub fn standing() -> OfferId {
    "standing".parse().unwrap()
}

pub fn seat() -> OfferId {
    "seat".parse().unwrap()
}

/// The event, with so many standing places and seats.
pub fn event(standing: u32, seats: u32) -> Event {
    catalogue(standing, seats).events()[0].clone()
}

pub fn catalogue(standing: u32, seats: u32) -> Catalogue {
    let text = format!(
        r#"
        [[event]]
        id = "aurora-live"
        name = "Aurora, live at the Arena"
        offer = [
          {{ id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = {standing}, max_per_order = 4 }},
          {{ id = "seat", name = "Seat <A&B>", price_cents = 6050, currency = "EUR", stock = {seats}, max_per_order = 2 }},
        ]
        [[event]]
        id = "other"
        name = "Another event"
        offer = [{{ id = "standing", name = "Standing", price_cents = 100, currency = "EUR", stock = 9, max_per_order = 9 }}]
        "#
    );
    Catalogue::parse(&text, NOW).unwrap()
}

pub fn stock(standing: u32, seats: u32) -> Stock {
    Stock::of(&event(standing, seats))
}

pub fn ticket(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

pub fn session(n: u8) -> SessionId {
    SessionId::from_bytes([n; 16])
}

/// An order of ticket `n` for so many of an offer, placed at [`NOW`] in its own session.
pub fn order(n: u8, offer: &str, quantity: i64) -> Order {
    order_of(n, &[(offer, quantity)])
}

pub fn order_of(n: u8, lines: &[(&str, i64)]) -> Order {
    let request = OrderRequest {
        lines: lines
            .iter()
            .map(|(offer, quantity)| LineRequest {
                offer: (*offer).to_owned(),
                quantity: *quantity,
            })
            .collect(),
        name: format!("Fan {n}"),
        email: format!("fan{n}@example.com"),
    };
    let event = event(1_000, 1_000);
    let (basket, buyer) = request.check(&event).unwrap();
    Order {
        id: OrderId::draw(NOW),
        event: event.id,
        ticket: ticket(n),
        session: session(n),
        session_expires_at: NOW + SESSION,
        basket,
        buyer,
        placed_at: NOW,
        state: OrderState::Pending,
    }
}

pub fn key(text: &str) -> checkout::IdempotencyKey {
    text.parse().unwrap()
}

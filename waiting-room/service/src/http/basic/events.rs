//! The first page: every event, and the one thing to do about it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use basic_pages::{Frame, Reader, render};
use http::StatusCode;
use waiting_room_core::Phase;

use super::{offers::OfferTable, page::facts_of};
use crate::room::{Gatekeeper, Room};

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    title: String,
    lead: String,
    none: Option<String>,
    open: String,
    events: Vec<EventCard>,
}

struct EventCard {
    id: String,
    name: String,
    facts: Option<String>,
    phase: String,
    waiting: Option<String>,
    offers: OfferTable,
}

pub(super) async fn show(State(gatekeeper): State<Arc<Gatekeeper>>, reader: Reader) -> Response {
    let rooms = gatekeeper.rooms();
    let page = EventsPage {
        frame: reader.frame(),
        title: reader.text("home.title"),
        lead: reader.text("home.lead"),
        none: rooms.is_empty().then(|| reader.text("home.none")),
        open: reader.text("basic.open"),
        events: rooms.iter().map(|room| card(room, &reader)).collect(),
    };
    render(StatusCode::OK, &page, &reader)
}

fn card(room: &Room, reader: &Reader) -> EventCard {
    let (event, board, now) = (room.event(), room.board(), room.now());
    let early = now < event.schedule.opens_at;
    let (phase, when) = match board.phase {
        Phase::Closed => ("phase.closed", now),
        _ if early => ("phase.not_open", event.schedule.opens_at),
        Phase::Prequeue => ("phase.prequeue", event.schedule.on_sale_at),
        Phase::Admitting => ("phase.admitting", now),
        Phase::Paused => ("phase.paused", now),
        Phase::Recovering => ("phase.recovering", now),
        Phase::Bypass => ("phase.bypass", now),
    };
    let waiting = board.snapshot.marks.waiting();
    let crowd = match board.phase {
        Phase::Closed => None,
        _ if early => None,
        _ if waiting == 0 => Some(reader.text("home.nobody")),
        Phase::Prequeue => Some(reader.count("home.in_draw", waiting)),
        _ => Some(reader.count("home.waiting", waiting)),
    };
    EventCard {
        id: event.id.to_string(),
        name: event.name.clone(),
        facts: facts_of(event, reader),
        phase: reader.fill(phase, &[("when", &reader.moment(when, now))]),
        waiting: crowd,
        offers: OfferTable::of(room, reader),
    }
}

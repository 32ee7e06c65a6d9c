//! What the page of one place says.

use askama::Template;
use basic_pages::{Frame, Reader};
use waiting_room_catalogue::Event;
use waiting_room_core::{Cohort, Phase, RejoinRefused, Timestamp};
use waiting_room_tokens::QueueClaims;

use super::{offers::OfferTable, visit::Visit};
use crate::{
    desk::{State, Status},
    refusal::Refusal,
    room::Room,
};

#[derive(Template)]
#[template(path = "place.html")]
pub(super) struct PlacePage {
    frame: Frame,
    event_id: String,
    event_name: String,
    facts: Option<String>,
    organiser: String,
    message: Option<String>,
    situation: &'static str,
    title: String,
    go: bool,
    number: Option<Figure>,
    pairs: Vec<Pair>,
    lines: Vec<String>,
    actions: Vec<Action>,
    leave: Option<String>,
    order: Option<String>,
    /// In seconds. Always of the place's own page: the answer to a form has no address to ask again.
    refresh: Option<u64>,
    refresh_note: Option<String>,
    offers: OfferTable,
    place_title: String,
    place: Vec<Pair>,
}

/// A figure and what it counts.
struct Figure {
    value: String,
    unit: String,
}

/// A value and what it is.
struct Pair {
    what: String,
    value: String,
    id: &'static str,
}

struct Action {
    path: &'static str,
    label: String,
    go: bool,
}

/// Asks before what can't be taken back.
#[derive(Template)]
#[template(path = "leave.html")]
pub(super) struct LeavePage {
    frame: Frame,
    event_id: String,
    event_name: String,
    title: String,
    body: String,
    yes: String,
    no: String,
}

/// Whoever is called has the page read to them, or is about to press the button: it is asked for again seldom enough for both.
const REFRESH_WHEN_CALLED: u64 = 15;

/// After something went wrong.
const REFRESH_IN_TROUBLE: u64 = 10;

/// Where and when an event takes place.
pub(super) fn facts_of(event: &Event, reader: &Reader) -> Option<String> {
    let when = event.starts_at.map(|at| reader.date_time(at));
    let facts: Vec<String> = event.venue.clone().into_iter().chain(when).collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
}

/// How many wait, with the fan who reads it: the board may be older than their place.
fn with_the_reader(status: &Status) -> u64 {
    status.waiting.max(status.ahead.unwrap_or(0) + 1)
}

/// A moment to come, on the clock and from now.
fn moment_and_span(at: Timestamp, room: &Room, reader: &Reader) -> String {
    let now = room.now();
    let left = reader.span(at.since(now).as_secs().max(1));
    let moment = reader.moment(at, now);
    reader.fill("basic.moment", &[("moment", &moment), ("time", &left)])
}

impl LeavePage {
    pub(super) fn of(visit: &Visit) -> Self {
        let reader = &visit.reader;
        Self {
            frame: reader.frame(),
            event_id: visit.room.event().id.to_string(),
            event_name: visit.room.event().name.clone(),
            title: reader.text("leave.title"),
            body: reader.text("leave.body"),
            yes: reader.text("leave.yes"),
            no: reader.text("leave.no"),
        }
    }
}

impl PlacePage {
    fn new(visit: &Visit, situation: &'static str, title: &str, lead: &str) -> Self {
        let (room, reader) = (&visit.room, &visit.reader);
        Self {
            frame: reader.frame(),
            event_id: room.event().id.to_string(),
            event_name: room.event().name.clone(),
            facts: facts_of(room.event(), reader),
            organiser: reader.text("notice.organiser"),
            message: room.settings().settings.message.shown().map(str::to_owned),
            situation,
            title: reader.text(title),
            go: false,
            number: None,
            pairs: Vec::new(),
            lines: vec![reader.text(lead)],
            actions: Vec::new(),
            leave: None,
            order: None,
            refresh: None,
            refresh_note: None,
            offers: OfferTable::of(room, reader),
            place_title: reader.text("place.title"),
            place: Vec::new(),
        }
    }

    fn with(mut self, path: &'static str, label: String, go: bool) -> Self {
        self.actions.push(Action { path, label, go });
        self
    }

    fn pair(mut self, id: &'static str, what: String, value: String) -> Self {
        self.pairs.push(Pair { what, value, id });
        self
    }

    fn again(mut self, seconds: u64, reader: &Reader) -> Self {
        self.refresh_note = Some(reader.fill("basic.again", &[("time", &reader.span(seconds))]));
        self.refresh = Some(seconds);
        self
    }

    /// For a visitor who has no place.
    pub(super) fn before_joining(visit: &Visit) -> Self {
        let (room, reader) = (&visit.room, &visit.reader);
        let (board, now, schedule) = (room.board(), room.now(), room.event().schedule);
        if board.phase == Phase::Closed {
            return Self::new(visit, "closed", "state.closed", "lead.closed");
        }
        if now < schedule.opens_at {
            let left = schedule.opens_at.since(now).as_secs().max(1);
            let mut page = Self::new(visit, "not-open", "state.not_open", "intro.not_open");
            let opens = moment_and_span(schedule.opens_at, room, reader);
            let opens = reader.fill("phase.not_open", &[("when", &opens)]);
            page.lines.insert(0, opens);
            return page
                .sale_starts(room, reader)
                .with("check", reader.text("basic.check_again"), false)
                .again((left / 2).clamp(5, 300), reader);
        }
        let waiting = board.snapshot.marks.waiting();
        let (title, lead, label) = match board.phase {
            Phase::Prequeue => ("state.outside_draw", "intro.draw", "action.draw"),
            Phase::Bypass => ("state.outside_bypass", "intro.bypass", "action.go_in"),
            Phase::Paused => ("state.paused", "intro.paused", "action.join"),
            Phase::Admitting if waiting == 0 => ("state.outside", "intro.nobody", "action.join"),
            _ => ("state.outside", "intro.lead", "action.join"),
        };
        let page = Self::new(visit, "outside", title, lead).with("join", reader.text(label), true);
        match board.phase {
            Phase::Prequeue => page
                .pair(
                    "waiting",
                    reader.text("fact.in_draw"),
                    reader.number(waiting),
                )
                .sale_starts(room, reader),
            Phase::Bypass | Phase::Recovering => page,
            _ => page.pair(
                "waiting",
                reader.text("fact.waiting"),
                reader.number(waiting),
            ),
        }
    }

    fn sale_starts(self, room: &Room, reader: &Reader) -> Self {
        let at = moment_and_span(room.event().schedule.on_sale_at, room, reader);
        self.pair("sale", reader.text("fact.sale_starts"), at)
    }

    /// For a fan with a place.
    pub(super) fn of(visit: &Visit, fan: &QueueClaims, status: &Status) -> Self {
        let reader = &visit.reader;
        let refresh = status.poll_after_ms.div_ceil(1_000).max(2);
        let page = match status.state {
            State::Prequeue => Self::in_the_draw(visit, status).again(refresh, reader),
            State::Waiting => Self::in_the_queue(visit, status).again(refresh, reader),
            State::Called => Self::called(visit, status),
            State::Admitted => {
                let mut page = Self::new(visit, "admitted", "state.admitted", "lead.admitted");
                page.go = true;
                if let Some(until) = status.session_expires_at {
                    let left = reader.span(until.since(visit.room.now()).as_secs());
                    page.lines
                        .push(reader.fill("basic.session", &[("time", &left)]));
                }
                page.with("enter", reader.text("action.continue"), true)
            }
            State::Expired if status.may_rejoin => {
                Self::new(visit, "missed", "state.missed", "lead.missed").with(
                    "rejoin",
                    reader.text("action.rejoin"),
                    true,
                )
            }
            State::Expired if visit.was_admitted() => {
                let mut page = Self::new(visit, "ended", "state.ended", "lead.ended");
                page.order = Some(reader.text("home.your_order"));
                page.with("join", reader.text("action.join_anew"), true)
            }
            State::Expired => Self::gone(visit, "missed", "state.missed", "lead.missed_final"),
            State::Left => Self::gone(visit, "left", "state.left", "lead.left"),
            State::Closed => Self::new(visit, "closed", "state.closed", "lead.closed"),
        };
        page.with_place(visit, fan, status)
    }

    fn in_the_draw(visit: &Visit, status: &Status) -> Self {
        let (room, reader) = (&visit.room, &visit.reader);
        let mut page = Self::new(visit, "prequeue", "state.prequeue", "lead.prequeue");
        page.leave = Some(reader.text("action.leave"));
        page.sale_starts(room, reader)
            .pair(
                "waiting",
                reader.text("fact.in_draw"),
                reader.number(with_the_reader(status)),
            )
            .with("check", reader.text("basic.check"), false)
    }

    fn in_the_queue(visit: &Visit, status: &Status) -> Self {
        let reader = &visit.reader;
        let (situation, title, lead) = match status.phase {
            Phase::Paused => ("paused", "state.paused", "lead.paused"),
            Phase::Recovering => ("recovering", "state.recovering", "lead.recovering"),
            _ if status.place.is_none() => ("drawing", "state.drawing", "lead.drawing"),
            _ if status.ahead == Some(0) => ("next", "state.next", "lead.next"),
            _ => ("waiting", "state.waiting", "lead.waiting"),
        };
        let mut page = Self::new(visit, situation, title, lead);
        page.number = status.ahead.filter(|ahead| *ahead > 0).map(|ahead| Figure {
            value: reader.number(ahead),
            unit: reader.count("unit.ahead", ahead),
        });
        page.leave = Some(reader.text("action.leave"));
        let wait = match (status.eta_low_seconds, status.eta_high_seconds) {
            _ if status.phase == Phase::Paused => reader.text("fact.eta_paused"),
            (Some(low), Some(high)) => reader.wait(low, high),
            _ => reader.text("fact.eta_unknown"),
        };
        page = page.pair("eta", reader.text("fact.eta"), wait);
        // While the queue is put back in order nobody knows how many there are.
        if status.phase != Phase::Recovering {
            let waiting = reader.number(with_the_reader(status));
            page = page.pair("waiting", reader.text("fact.waiting"), waiting);
        }
        page.with("check", reader.text("basic.check"), false)
    }

    fn called(visit: &Visit, status: &Status) -> Self {
        let reader = &visit.reader;
        let (situation, title, lead) = match status.phase {
            Phase::Bypass => ("bypass", "state.bypass", "lead.bypass"),
            Phase::Paused => ("called", "state.called", "lead.called_paused"),
            _ => ("called", "state.called", "lead.called"),
        };
        let mut page = Self::new(visit, situation, title, lead);
        page.go = true;
        page.leave = Some(reader.text("action.leave"));
        if let Some(until) = status.call_expires_at {
            let left = reader.span(until.since(visit.room.now()).as_secs());
            page.lines
                .insert(0, reader.fill("basic.in_time", &[("time", &left)]));
        }
        page.with("enter", reader.text("action.enter"), true)
            .again(REFRESH_WHEN_CALLED, reader)
    }

    fn gone(visit: &Visit, situation: &'static str, title: &str, lead: &str) -> Self {
        let anew = visit.reader.text("action.join_anew");
        Self::new(visit, situation, title, lead).with("join", anew, true)
    }

    /// The door lets others in at the moment.
    pub(super) fn busy(visit: &Visit) -> Self {
        let mut page = Self::new(visit, "called", "basic.busy", "basic.busy_text");
        page.go = true;
        page.with("enter", visit.reader.text("action.enter"), true)
    }

    /// What was asked for was not granted.
    pub(super) fn refused(visit: &Visit, refusal: &Refusal) -> Self {
        let reader = &visit.reader;
        match refusal {
            Refusal::Closed => Self::new(visit, "closed", "state.closed", "lead.closed"),
            Refusal::NotOpenYet { .. } => Self::before_joining(visit),
            Refusal::Left => Self::gone(visit, "left", "state.left", "lead.left"),
            Refusal::Full | Refusal::Rejoin(RejoinRefused::Full) => {
                Self::new(visit, "trouble", "basic.trouble", "basic.full_text").with(
                    "check",
                    reader.text("basic.check_again"),
                    true,
                )
            }
            Refusal::Rejoin(_) => Self::gone(visit, "missed", "state.missed", "lead.missed_final"),
            _ => Self::new(visit, "trouble", "basic.trouble", "basic.trouble_text")
                .with("check", reader.text("basic.check_again"), true)
                .again(REFRESH_IN_TROUBLE, reader),
        }
    }

    fn with_place(mut self, visit: &Visit, fan: &QueueClaims, status: &Status) -> Self {
        let reader = &visit.reader;
        let mut tell = |id, what: &str, value| {
            let what = reader.text(what);
            self.place.push(Pair { what, value, id });
        };
        tell("ticket", "place.ticket", fan.ticket.to_string());
        let place = status.place.map(|place| place.number().to_string());
        tell(
            "place",
            "place.number",
            place.unwrap_or_else(|| reader.text("place.pending")),
        );
        let drawn = status.cohort == Cohort::Prequeue;
        let by = if drawn {
            "place.cohort_prequeue"
        } else {
            "place.cohort_arrival"
        };
        tell("cohort", "place.cohort", reader.text(by));
        if drawn {
            let setup = visit.room.setup();
            let sealed = setup.seed.commitment().to_string();
            tell("commitment", "place.commitment", sealed);
            if setup.event.schedule.drawn_at(visit.room.now()) {
                tell("seed", "place.seed", setup.seed.reveal());
            }
        }
        self
    }
}

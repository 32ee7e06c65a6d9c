//! The waiting room without JavaScript: a server-rendered page that holds the place and lets the
//! fan through. The queue token is kept in a cookie that only these pages see.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use service_kit::extract::SameOrigin;
use utoipa_axum::router::OpenApiRouter;
use waiting_room_core::{EventId, Phase, Secret};

use super::room_of::{Fan, RoomOf};
use crate::{
    desk::{State as FanState, Status},
    keys::random_bytes,
    refusal::Refusal,
    room::{Gatekeeper, Room},
};

/// The pages. They are no part of the described API.
pub(super) fn routes() -> OpenApiRouter<Arc<Gatekeeper>> {
    Router::new()
        .route("/basic/", get(events))
        .route("/basic", get(async || Redirect::permanent("/basic/")))
        .route("/basic/{event}", get(place))
        .route("/basic/{event}/join", post(join))
        .route("/basic/{event}/check", post(check))
        .route("/basic/{event}/rejoin", post(rejoin))
        .route("/basic/{event}/leave", post(leave))
        .route("/basic/{event}/enter", post(enter))
        .into()
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    events: Vec<EventCard>,
}

struct EventCard {
    id: String,
    name: String,
    venue: Option<String>,
    phase: &'static str,
}

#[derive(Template)]
#[template(path = "place.html")]
struct PlacePage {
    event_id: String,
    event_name: String,
    venue: Option<String>,
    message: Option<String>,
    title: &'static str,
    go: bool,
    number: Option<String>,
    unit: &'static str,
    lines: Vec<String>,
    actions: Vec<Action>,
    link: Option<Link>,
    refresh_seconds: Option<u64>,
    offers: Vec<OfferRow>,
}

struct Action {
    path: &'static str,
    label: &'static str,
    class: &'static str,
}

struct Link {
    href: String,
    label: &'static str,
}

struct OfferRow {
    name: String,
    price: String,
    left: String,
}

const CHECK: Action = Action {
    path: "check",
    label: "Check my place",
    class: "button-quiet",
};
const LEAVE: Action = Action {
    path: "leave",
    label: "Leave the queue",
    class: "button-quiet",
};
const ENTER: Action = Action {
    path: "enter",
    label: "Enter the shop",
    class: "button-go",
};
const REJOIN: Action = Action {
    path: "rejoin",
    label: "Take my place again",
    class: "button-go",
};
const JOIN: Action = Action {
    path: "join",
    label: "Join the queue",
    class: "button-go",
};
const JOIN_ANEW: Action = Action {
    path: "join",
    label: "Join again at the back",
    class: "button-go",
};

async fn events(State(gatekeeper): State<Arc<Gatekeeper>>) -> Response {
    let card = |room: &Arc<Room>| EventCard {
        id: room.event().id.to_string(),
        name: room.event().name.clone(),
        venue: room.event().venue.clone(),
        phase: phase_in_words(room.board().phase),
    };
    render(&EventsPage {
        events: gatekeeper.rooms().iter().map(card).collect(),
    })
}

async fn place(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    headers: HeaderMap,
) -> Response {
    let Some(fan) = fan_of(&gatekeeper, &room, &headers) else {
        return render(&PlacePage::before_joining(&room));
    };
    match gatekeeper.status(&fan.room, &fan.claims).await {
        Ok(status) => {
            let mut response = render(&PlacePage::of(&room, &status));
            if let Some(token) = &status.queue_token {
                set_cookie(&mut response, queue_cookie(&room.event().id, token.clone()));
            }
            response
        }
        Err(refusal) => refused(&room, refusal),
    }
}

async fn join(
    _: SameOrigin,
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    headers: HeaderMap,
) -> Response {
    if let Some(fan) = fan_of(&gatekeeper, &room, &headers) {
        let gone = match gatekeeper.status(&fan.room, &fan.claims).await {
            Ok(status) => matches!(status.state, FanState::Left | FanState::Expired),
            Err(refusal) => return refused(&room, refusal),
        };
        if !gone {
            return back_to(&room);
        }
    }
    let Ok(secret) = random_secret() else {
        return refused(&room, Refusal::UnknownEvent);
    };
    match gatekeeper.join(&room, &secret).await {
        Ok(seat) => {
            let mut response = back_to(&room);
            set_cookie(
                &mut response,
                queue_cookie(&room.event().id, seat.queue_token),
            );
            response
        }
        Err(refusal) => refused(&room, refusal),
    }
}

async fn check(_: SameOrigin, RoomOf(room): RoomOf) -> Response {
    back_to(&room)
}

async fn rejoin(
    _: SameOrigin,
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    headers: HeaderMap,
) -> Response {
    let Some(fan) = fan_of(&gatekeeper, &room, &headers) else {
        return back_to(&room);
    };
    match gatekeeper.rejoin(&fan.room, fan.claims).await {
        Ok(seat) => {
            let mut response = back_to(&room);
            set_cookie(
                &mut response,
                queue_cookie(&room.event().id, seat.queue_token),
            );
            response
        }
        Err(refusal) => refused(&room, refusal),
    }
}

async fn leave(
    _: SameOrigin,
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    headers: HeaderMap,
) -> Response {
    let Some(fan) = fan_of(&gatekeeper, &room, &headers) else {
        return back_to(&room);
    };
    if let Err(refusal) = gatekeeper.leave(&fan.room, &fan.claims).await {
        return refused(&room, refusal);
    }
    let mut response = back_to(&room);
    let mut cookie = queue_cookie(&room.event().id, String::new());
    cookie.set_max_age(Duration::ZERO);
    set_cookie(&mut response, cookie);
    response
}

async fn enter(
    _: SameOrigin,
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    headers: HeaderMap,
) -> Response {
    let Some(fan) = fan_of(&gatekeeper, &room, &headers) else {
        return back_to(&room);
    };
    match gatekeeper.claim(&fan.room, &fan.claims).await {
        Ok(admission) => {
            let event = &room.event().id;
            let checkout = format!("/basic/{event}/checkout");
            let mut response = Redirect::to(&checkout).into_response();
            let lasts = admission.expires_at.since(service_kit::now()).as_secs();
            let mut cookie = private_cookie(admission_cookie(event), admission.admission_token);
            // The order's page is read after the session has ended.
            cookie.set_max_age(Duration::seconds(
                i64::try_from(lasts).unwrap_or(0) + 86_400,
            ));
            set_cookie(&mut response, cookie);
            response
        }
        Err(Refusal::Busy { .. }) => {
            let mut page = PlacePage::new(&room);
            page.title = "The door is busy";
            page.go = true;
            page.lines = vec![
                "Others are going in right now. Your place is kept: this page tries again by itself \
                 in a moment, or press the button."
                    .to_owned(),
            ];
            page.actions = vec![ENTER];
            page.refresh_seconds = Some(3);
            render(&page)
        }
        Err(Refusal::NotCalled { .. } | Refusal::Missed { .. } | Refusal::SessionEnded) => {
            back_to(&room)
        }
        Err(refusal) => refused(&room, refusal),
    }
}

/// The cookie that checkout's own basic pages read.
fn admission_cookie(event: &EventId) -> String {
    format!("wr_admission_{event}")
}

fn queue_cookie(event: &EventId, token: String) -> Cookie<'static> {
    let mut cookie = private_cookie(format!("wr_queue_{event}"), token);
    cookie.set_max_age(Duration::days(30));
    cookie
}

fn private_cookie(name: String, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/basic")
        .http_only(true)
        .same_site(SameSite::Lax)
        .build()
}

fn set_cookie(response: &mut Response, cookie: Cookie<'static>) {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn fan_of(gatekeeper: &Gatekeeper, room: &Arc<Room>, headers: &HeaderMap) -> Option<Fan> {
    let name = format!("wr_queue_{}", room.event().id);
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let token = Cookie::split_parse(cookies)
        .flatten()
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())?;
    Fan::from_token(gatekeeper, room.clone(), &token).ok()
}

fn random_secret() -> Result<Secret, waiting_room_core::IdError> {
    let ticket = waiting_room_core::TicketId::from_bytes(random_bytes());
    format!("{ticket}").parse()
}

fn back_to(room: &Room) -> Response {
    Redirect::to(&format!("/basic/{}", room.event().id)).into_response()
}

fn refused(room: &Room, refusal: Refusal) -> Response {
    let (title, line, actions) = match &refusal {
        Refusal::Closed => (
            "Closed",
            "This event is closed. No more places are given.",
            vec![],
        ),
        Refusal::NotOpenYet { .. } => (
            "Not open yet",
            "The waiting room opens before the on-sale. Being early gives no advantage.",
            vec![CHECK],
        ),
        Refusal::Left => (
            "You left the queue",
            "You gave your place up.",
            vec![JOIN_ANEW],
        ),
        Refusal::Rejoin(_) => (
            "Your place is gone",
            "It was called as often as this event allows.",
            vec![JOIN_ANEW],
        ),
        _ => (
            "One moment",
            "Something is not working right now. You keep your place: please try again.",
            vec![CHECK],
        ),
    };
    let status = axum::response::IntoResponse::into_response(refusal).status();
    let mut page = PlacePage::new(room);
    page.title = title;
    page.lines = vec![line.to_owned()];
    page.actions = actions;
    let mut response = render(&page);
    *response.status_mut() = status;
    response
}

fn render(page: &impl Template) -> Response {
    let Ok(html) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}

fn phase_in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Prequeue => "Not on sale yet",
        Phase::Admitting => "On sale now",
        Phase::Paused => "On sale, paused for a moment",
        Phase::Recovering => "On sale, the queue is being put back in order",
        Phase::Bypass => "On sale now, without waiting",
        Phase::Closed => "Closed",
    }
}

impl PlacePage {
    fn new(room: &Room) -> Self {
        let offers = room
            .figures()
            .offers
            .iter()
            .map(|offer| OfferRow {
                name: offer.name.clone(),
                price: format!(
                    "{}.{:02} {}",
                    offer.price_cents / 100,
                    offer.price_cents % 100,
                    offer.currency
                ),
                left: match offer.stock_left {
                    Some(0) => "Sold out".to_owned(),
                    Some(left) => left.to_string(),
                    None => "–".to_owned(),
                },
            })
            .collect();
        Self {
            event_id: room.event().id.to_string(),
            event_name: room.event().name.clone(),
            venue: room.event().venue.clone(),
            message: room.settings().settings.message.shown().map(str::to_owned),
            title: "",
            go: false,
            number: None,
            unit: "",
            lines: Vec::new(),
            actions: Vec::new(),
            link: None,
            refresh_seconds: None,
            offers,
        }
    }

    fn before_joining(room: &Room) -> Self {
        let mut page = Self::new(room);
        let phase = room.board().phase;
        page.title = phase_in_words(phase);
        page.lines = vec![match phase {
            Phase::Closed => "No more places are given.".to_owned(),
            Phase::Prequeue => "Everybody who joins before the on-sale begins is put in order by \
                                a draw: being early gives no advantage."
                .to_owned(),
            _ => {
                "You get a place in the queue and keep it, even if you close this page.".to_owned()
            }
        }];
        if phase != Phase::Closed {
            page.actions = vec![JOIN];
        }
        page
    }

    fn of(room: &Room, status: &Status) -> Self {
        let mut page = Self::new(room);
        let refresh = status.poll_after_ms.div_ceil(1_000).max(2);
        match status.state {
            FanState::Prequeue => {
                page.title = "You are in";
                page.lines = vec![
                    "The on-sale has not begun. When it does, a draw puts everybody who is here in \
                     order: being early gives no advantage."
                        .to_owned(),
                ];
                page.actions = vec![CHECK, LEAVE];
                page.refresh_seconds = Some(refresh);
            }
            FanState::Waiting => {
                page.title = match status.phase {
                    Phase::Paused => "Paused for a moment",
                    Phase::Recovering => "The queue is being put back in order",
                    _ => "You are in the queue",
                };
                page.number = status.ahead.map(|ahead| ahead.to_string());
                page.unit = if status.ahead == Some(1) {
                    "person ahead of you"
                } else {
                    "people ahead of you"
                };
                page.lines = vec![match (status.eta_low_seconds, status.eta_high_seconds) {
                    (Some(low), Some(high)) => wait_in_words(low, high),
                    _ => "You keep your place.".to_owned(),
                }];
                page.actions = vec![CHECK, LEAVE];
                page.refresh_seconds = Some(refresh);
            }
            FanState::Called => {
                page.title = "It is your turn";
                page.go = true;
                page.lines = vec![match status.call_expires_at {
                    Some(until) => {
                        let left = until.since(service_kit::now()).as_secs();
                        format!("Please go in within {}.", duration_in_words(left))
                    }
                    None => "You can go in now.".to_owned(),
                }];
                page.actions = vec![ENTER, LEAVE];
            }
            FanState::Admitted => {
                page.title = "You are in the shop";
                page.link = Some(Link {
                    href: format!("/basic/{}/checkout", room.event().id),
                    label: "Go to checkout",
                });
            }
            FanState::Expired => {
                page.title = "Your turn has passed";
                if status.may_rejoin {
                    page.lines = vec![
                        "You were called and did not come in time. You may take your place again, \
                         once: you are called next."
                            .to_owned(),
                    ];
                    page.actions = vec![REJOIN];
                } else {
                    page.lines = vec!["You can join the queue again, at the back.".to_owned()];
                    page.actions = vec![JOIN_ANEW];
                }
            }
            FanState::Left => {
                page.title = "You left the queue";
                page.actions = vec![JOIN_ANEW];
            }
            FanState::Closed => {
                page.title = "Closed";
                page.lines = vec!["This event is closed.".to_owned()];
            }
        }
        page
    }
}

fn wait_in_words(low: u64, high: u64) -> String {
    let (low, high) = (low / 60, high.div_ceil(60));
    match (low, high) {
        (_, 0 | 1) => "About a minute or less.".to_owned(),
        (0, high) => format!("Up to {high} minutes."),
        (low, high) if low == high => format!("About {high} minutes."),
        (low, high) => format!("About {low} to {high} minutes."),
    }
}

fn duration_in_words(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_read_like_speech() {
        assert_eq!(wait_in_words(0, 40), "About a minute or less.");
        assert_eq!(wait_in_words(30, 100), "Up to 2 minutes.");
        assert_eq!(wait_in_words(720, 890), "About 12 to 15 minutes.");
        assert_eq!(wait_in_words(720, 720), "About 12 minutes.");
    }

    #[test]
    fn a_drawn_secret_is_one_that_a_join_takes() {
        assert!(random_secret().is_ok());
    }
}

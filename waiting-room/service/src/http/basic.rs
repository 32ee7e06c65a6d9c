//! The waiting room without JavaScript: a server-rendered page that holds the place and lets the
//! fan through. The queue token is kept in a cookie that only these pages see.

mod page;

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
use service_kit::extract::{SameOrigin, cookie};
use utoipa_axum::router::OpenApiRouter;
use waiting_room_core::{EventId, Secret};

use self::page::{CHECK, ENTER, JOIN_ANEW, PlacePage, phase_in_words};
use super::room_of::{Fan, RoomOf};
use crate::{
    desk::State as FanState,
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
    let Some(fan) = fan_of(&gatekeeper, &room, &headers).await else {
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
    if let Some(fan) = fan_of(&gatekeeper, &room, &headers).await {
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
    let Some(fan) = fan_of(&gatekeeper, &room, &headers).await else {
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
    let Some(fan) = fan_of(&gatekeeper, &room, &headers).await else {
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
    let Some(fan) = fan_of(&gatekeeper, &room, &headers).await else {
        return back_to(&room);
    };
    match gatekeeper.claim(&fan.room, &fan.claims).await {
        Ok(admission) => {
            let event = &room.event().id;
            let checkout = format!("/basic/{event}/checkout");
            let mut response = Redirect::to(&checkout).into_response();
            let lasts = admission.expires_at.since(room.now()).as_secs();
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

async fn fan_of(gatekeeper: &Gatekeeper, room: &Arc<Room>, headers: &HeaderMap) -> Option<Fan> {
    let token = cookie(headers, &format!("wr_queue_{}", room.event().id))?;
    Fan::from_token(gatekeeper, room.clone(), &token).await.ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_secret_is_one_that_a_join_takes() {
        assert!(random_secret().is_ok());
    }
}

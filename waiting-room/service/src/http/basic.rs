//! The waiting room without JavaScript: a server-rendered page that holds the place and lets the
//! fan through. The queue token is kept in a cookie that only these pages see.

mod events;
mod offers;
mod page;
mod visit;

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use basic_pages::{Library, private_cookie, render, set_cookie};
use cookie::{Cookie, time::Duration};
use http::{HeaderName, HeaderValue, StatusCode, header};
use service_kit::extract::SameOrigin;
use utoipa_axum::router::OpenApiRouter;
use waiting_room_core::Secret;

use self::{
    page::{LeavePage, PlacePage},
    visit::Visit,
};
use super::room_of::RoomOf;
use crate::{
    desk::{Seat, State},
    keys::random_bytes,
    refusal::Refusal,
    room::Gatekeeper,
};

/// The pages. They are no part of the described API.
pub(super) fn routes() -> OpenApiRouter<Arc<Gatekeeper>> {
    Router::new()
        .route("/basic/", get(events::show))
        .route("/basic", get(async || Redirect::permanent("/basic/")))
        .route("/basic/{event}", get(place))
        .route("/basic/{event}/theme.css", get(theme))
        .route("/basic/{event}/join", post(join).get(back))
        .route("/basic/{event}/check", post(check).get(back))
        .route("/basic/{event}/rejoin", post(rejoin).get(back))
        .route(
            "/basic/{event}/leave",
            post(leave).get(ask_whether_to_leave),
        )
        .route("/basic/{event}/enter", post(enter).get(back))
        .into()
}

async fn place(visit: Visit) -> Response {
    let Some(fan) = visit.fan().await else {
        return visit.page(StatusCode::OK, &PlacePage::before_joining(&visit));
    };
    match visit.gatekeeper.status(&visit.room, &fan).await {
        Ok(status) => {
            let page = PlacePage::of(&visit, &fan, &status);
            let mut response = visit.page(StatusCode::OK, &page);
            if let Some(token) = status.queue_token {
                set_cookie(&mut response, &queue_cookie(&visit, token));
            }
            response
        }
        Err(refusal) => visit.refused(refusal),
    }
}

/// The colours of the event's theme.
async fn theme(RoomOf(room): RoomOf) -> Response {
    let Some(theme) = Library::of_process().theme(room.event().id.as_str()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=60"),
        ),
    ];
    (headers, theme.css()).into_response()
}

async fn join(_: SameOrigin, visit: Visit) -> Response {
    if let Some(fan) = visit.fan().await {
        let gone = match visit.gatekeeper.status(&visit.room, &fan).await {
            Ok(status) => matches!(status.state, State::Left | State::Expired),
            Err(refusal) => return visit.refused(refusal),
        };
        if !gone {
            return visit.back();
        }
    }
    let Ok(secret) = random_secret() else {
        return visit.refused(Refusal::UnknownEvent);
    };
    let seat = visit.gatekeeper.join(&visit.room, &secret).await;
    let mut response = seated(&visit, seat);
    if response.status().is_redirection() {
        // An admission of an earlier ticket is none of this one's.
        set_cookie(
            &mut response,
            &ended(admission_cookie(&visit, String::new())),
        );
    }
    response
}

async fn back(visit: Visit) -> Response {
    visit.back()
}

async fn check(_: SameOrigin, visit: Visit) -> Response {
    visit.back()
}

async fn rejoin(_: SameOrigin, visit: Visit) -> Response {
    let Some(fan) = visit.fan().await else {
        return visit.back();
    };
    let seat = visit.gatekeeper.rejoin(&visit.room, fan).await;
    seated(&visit, seat)
}

fn seated(visit: &Visit, seat: Result<Seat, Refusal>) -> Response {
    match seat {
        Ok(seat) => {
            let mut response = visit.back();
            set_cookie(&mut response, &queue_cookie(visit, seat.queue_token));
            response
        }
        Err(refusal) => visit.refused(refusal),
    }
}

async fn ask_whether_to_leave(visit: Visit) -> Response {
    render(StatusCode::OK, &LeavePage::of(&visit), &visit.reader)
}

async fn leave(_: SameOrigin, visit: Visit) -> Response {
    let Some(fan) = visit.fan().await else {
        return visit.back();
    };
    if let Err(refusal) = visit.gatekeeper.leave(&visit.room, &fan).await {
        return visit.refused(refusal);
    }
    let mut response = visit.back();
    set_cookie(&mut response, &ended(queue_cookie(&visit, String::new())));
    response
}

async fn enter(_: SameOrigin, visit: Visit) -> Response {
    let Some(fan) = visit.fan().await else {
        return visit.back();
    };
    match visit.gatekeeper.claim(&visit.room, &fan).await {
        Ok(admission) => {
            let checkout = format!("/basic/{}/checkout", visit.room.event().id);
            let mut response = Redirect::to(&checkout).into_response();
            let lasts = admission.expires_at.since(visit.room.now()).as_secs();
            let mut cookie = admission_cookie(&visit, admission.admission_token);
            // The order's page is read after the session has ended.
            cookie.set_max_age(Duration::seconds(
                i64::try_from(lasts).unwrap_or(0) + 86_400,
            ));
            set_cookie(&mut response, &cookie);
            response
        }
        Err(Refusal::Busy { .. }) => visit.page(StatusCode::OK, &PlacePage::busy(&visit)),
        Err(Refusal::NotCalled { .. } | Refusal::Missed { .. } | Refusal::SessionEnded) => {
            visit.back()
        }
        Err(refusal) => visit.refused(refusal),
    }
}

/// The cookie that checkout's own basic pages read.
fn admission_cookie(visit: &Visit, token: String) -> Cookie<'static> {
    private_cookie(visit.admission_cookie_name(), token, &visit.reader)
}

fn queue_cookie(visit: &Visit, token: String) -> Cookie<'static> {
    let mut cookie = private_cookie(visit.queue_cookie_name(), token, &visit.reader);
    cookie.set_max_age(Duration::days(30));
    cookie
}

fn ended(mut cookie: Cookie<'static>) -> Cookie<'static> {
    cookie.set_max_age(Duration::ZERO);
    cookie
}

fn random_secret() -> Result<Secret, waiting_room_core::IdError> {
    let ticket = waiting_room_core::TicketId::from_bytes(random_bytes());
    format!("{ticket}").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_secret_is_one_that_a_join_takes() {
        assert!(random_secret().is_ok());
    }
}

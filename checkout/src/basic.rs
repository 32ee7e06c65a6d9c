//! Checkout without JavaScript: server-rendered pages and forms.
//!
//! The waiting room's `POST /basic/{event}/enter` leaves the admission token in a cookie that only
//! these pages see. They are no part of the described API, and lead to nothing that the API does not
//! check in the same way.

mod checkout_form;
mod order_page;

use askama::Template;
use axum::{
    Router,
    extract::{FromRequestParts, Path},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use service_kit::{extract::cookie, problem::Problem};
use utoipa_axum::router::OpenApiRouter;
use waiting_room_catalogue::Event;
use waiting_room_core::EventId;

use crate::http::{Checkout, Pass, Refusal};

/// The pages.
pub(crate) fn routes() -> OpenApiRouter<Checkout> {
    Router::new()
        .route("/basic/{event}/checkout", get(checkout_form::show))
        .route(
            "/basic/{event}/order",
            post(checkout_form::submit).get(order_page::show),
        )
        .into()
}

/// An event that a fan with a pass for it asks about.
struct Visit {
    checkout: Checkout,
    event: Event,
    pass: Pass,
}

/// A page that says why the one that was asked for is not shown.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    title: &'static str,
    text: &'static str,
    link: String,
    link_label: &'static str,
    refresh_seconds: Option<u64>,
}

impl FromRequestParts<Checkout> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, checkout: &Checkout) -> Result<Self, Response> {
        let unknown = || refused(None, Refusal::UnknownEvent);
        let Path(event) = Path::<String>::from_request_parts(parts, &())
            .await
            .map_err(|_| unknown())?;
        let id = event.parse::<EventId>().map_err(|_| unknown())?;
        let event = checkout.event(&id).map_err(|_| unknown())?.clone();
        let refused = |refusal| refused(Some(&id), refusal);
        let token = cookie(&parts.headers, &format!("wr_admission_{id}"))
            .ok_or_else(|| refused(Refusal::InvalidToken("no admission cookie")))?;
        let pass = checkout
            .pass(&token, service_kit::now())
            .await
            .map_err(refused)?;
        if pass.claims.event != id {
            return Err(refused(Refusal::InvalidToken("for another event")));
        }
        Ok(Self {
            checkout: checkout.clone(),
            event,
            pass,
        })
    }
}

/// The page that tells `refusal`, with the status that the API answers it with.
fn refused(event: Option<&EventId>, refusal: Refusal) -> Response {
    refusal.log();
    let (title, text) = match refusal {
        Refusal::InvalidToken(_) => (
            "The way in is the queue",
            "The shop opens for people who have been called. Your place, if you have one, is on the \
             queue page.",
        ),
        Refusal::SessionOver => (
            "Your session is over",
            "The time ran out before an order was placed, or you left. You can look whether your \
             place can be used again.",
        ),
        Refusal::UnknownEvent => ("No such event", "There is nothing on sale at this address."),
        _ => (
            "One moment",
            "Something is not working right now. Nothing you did is lost: this page tries again by \
             itself.",
        ),
    };
    let status = Problem::from(refusal).into_response().status();
    let page = MessagePage {
        title,
        text,
        link: event.map_or("/basic/".to_owned(), |event| format!("/basic/{event}")),
        link_label: match event {
            Some(_) => "To the queue",
            None => "All events",
        },
        refresh_seconds: status.is_server_error().then_some(5),
    };
    render(status, &page)
}

fn to_order(event: &EventId) -> Response {
    Redirect::to(&format!("/basic/{event}/order")).into_response()
}

/// What a page without scripts needs, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

fn render(status: StatusCode, page: &impl Template) -> Response {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            return Problem::internal().into_response();
        }
    };
    let headers = [
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers: [(HeaderName, HeaderValue); 4] =
        headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, headers, Html(html)).into_response()
}

fn money(cents: u64, currency: &str) -> String {
    format!("{}.{:02} {currency}", cents / 100, cents % 100)
}

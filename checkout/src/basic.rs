//! Checkout without JavaScript: server-rendered pages and forms.
//!
//! The waiting room's `POST /basic/{event}/enter` leaves the admission token in a cookie that only
//! these pages see. They are no part of the described API, and lead to nothing that the API does not
//! check in the same way.

mod checkout_form;
mod filled;
mod leaving;
mod message;
mod order_page;
mod review;

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use basic_pages::Reader;
use http::request::Parts;
use service_kit::extract::cookie;
use utoipa_axum::router::OpenApiRouter;
use waiting_room_catalogue::Event;
use waiting_room_core::EventId;

use self::message::refused;
use crate::http::{Checkout, Pass, Refusal};

/// The pages.
pub(crate) fn routes() -> OpenApiRouter<Checkout> {
    Router::new()
        .route("/basic/{event}/checkout", get(checkout_form::show))
        .route(
            "/basic/{event}/checkout/leave",
            get(leaving::ask).post(leaving::leave),
        )
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
    reader: Reader,
}

impl FromRequestParts<Checkout> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, checkout: &Checkout) -> Result<Self, Response> {
        let Ok(reader) = Reader::from_request_parts(parts, &()).await;
        let unknown = || refused(&reader, None, Refusal::UnknownEvent);
        let Path(event) = Path::<String>::from_request_parts(parts, &())
            .await
            .map_err(|_| unknown())?;
        let id = event.parse::<EventId>().map_err(|_| unknown())?;
        let event = checkout.event(&id).map_err(|_| unknown())?.clone();
        let reader = reader.at(id.as_str());
        let refused = |refusal| refused(&reader, Some(&id), refusal);
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
            reader,
        })
    }
}

impl Visit {
    fn refused(&self, refusal: Refusal) -> Response {
        refused(&self.reader, Some(&self.event.id), refusal)
    }

    fn to_order(&self) -> Response {
        Redirect::to(&format!("/basic/{}/order", self.event.id)).into_response()
    }

    fn session_left(&self) -> String {
        let left = self.pass.claims.expires_at.since(self.pass.at);
        let left = self.reader.span(left.as_secs());
        self.reader.fill("basic.session", &[("time", &left)])
    }
}

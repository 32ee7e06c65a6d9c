//! A request for the page of one event.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use basic_pages::{Frame, Reader, render};
use http::{HeaderMap, StatusCode, request::Parts};
use service_kit::{extract::cookie, problem::Problem};
use waiting_room_tokens::QueueClaims;

use super::{
    super::room_of::{Fan, RoomOf},
    page::PlacePage,
};
use crate::{
    refusal::Refusal,
    room::{Gatekeeper, Room},
};

pub(super) struct Visit {
    pub(super) gatekeeper: Arc<Gatekeeper>,
    pub(super) room: Arc<Room>,
    pub(super) reader: Reader,
    headers: HeaderMap,
}

/// What is told of an event that there is none of.
#[derive(Template)]
#[template(path = "unknown.html")]
struct UnknownPage {
    frame: Frame,
    title: String,
    text: String,
    home: String,
}

impl FromRequestParts<Arc<Gatekeeper>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        gatekeeper: &Arc<Gatekeeper>,
    ) -> Result<Self, Response> {
        let Ok(reader) = Reader::from_request_parts(parts, &()).await;
        let Ok(RoomOf(room)) = RoomOf::from_request_parts(parts, gatekeeper).await else {
            let page = UnknownPage {
                frame: reader.frame(),
                title: reader.text("state.unknown"),
                text: reader.text("lead.unknown"),
                home: reader.text("action.home"),
            };
            return Err(render(StatusCode::NOT_FOUND, &page, &reader));
        };
        Ok(Self {
            gatekeeper: gatekeeper.clone(),
            reader: reader.at(room.event().id.as_str()),
            room,
            headers: parts.headers.clone(),
        })
    }
}

impl Visit {
    pub(super) fn queue_cookie_name(&self) -> String {
        format!("wr_queue_{}", self.room.event().id)
    }

    pub(super) fn admission_cookie_name(&self) -> String {
        format!("wr_admission_{}", self.room.event().id)
    }

    /// Who the cookie says that the visitor is.
    pub(super) async fn fan(&self) -> Option<QueueClaims> {
        let token = cookie(&self.headers, &self.queue_cookie_name())?;
        let fan = Fan::from_token(&self.gatekeeper, self.room.clone(), &token).await;
        Some(fan.ok()?.claims)
    }

    /// Whether this browser has been let into the shop with the ticket that it has.
    pub(super) fn was_admitted(&self) -> bool {
        cookie(&self.headers, &self.admission_cookie_name()).is_some()
    }

    pub(super) fn page(&self, status: StatusCode, page: &PlacePage) -> Response {
        render(status, page, &self.reader)
    }

    pub(super) fn back(&self) -> Response {
        Redirect::to(&format!("/basic/{}", self.room.event().id)).into_response()
    }

    pub(super) fn refused(&self, refusal: Refusal) -> Response {
        let page = PlacePage::refused(self, &refusal);
        let status = Problem::from(refusal).into_response().status();
        self.page(status, &page)
    }
}

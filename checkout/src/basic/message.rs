//! A page that says why the one that was asked for is not shown.

use askama::Template;
use axum::response::{IntoResponse, Response};
use basic_pages::{Frame, Reader, render};
use http::StatusCode;
use service_kit::problem::Problem;
use waiting_room_core::EventId;

use crate::http::Refusal;

#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessagePage {
    frame: Frame,
    title: String,
    text: String,
    link: String,
    link_label: String,
    refresh: Option<u64>,
}

/// After something went wrong, in seconds.
const REFRESH_IN_TROUBLE: u64 = 5;

impl MessagePage {
    /// The messages `title` and `text`, and the way on: to the queue of `event`, or to all events.
    pub(super) fn new(reader: &Reader, event: Option<&EventId>, title: &str, text: &str) -> Self {
        Self {
            frame: reader.frame(),
            title: reader.text(title),
            text: reader.text(text),
            link: event.map_or("/basic/".to_owned(), |event| format!("/basic/{event}")),
            link_label: reader.text(match event {
                Some(_) => "checkout.to_queue",
                None => "action.home",
            }),
            refresh: None,
        }
    }
}

/// The page that tells `refusal`, with the status that the API answers it with.
pub(super) fn refused(reader: &Reader, event: Option<&EventId>, refusal: Refusal) -> Response {
    refusal.log();
    let (title, text) = match refusal {
        Refusal::InvalidToken(_) => ("checkout.no_pass_title", "checkout.no_pass_body"),
        Refusal::SessionOver => ("checkout.over_title", "checkout.over_body"),
        Refusal::UnknownEvent => ("state.unknown", "lead.unknown"),
        _ => ("basic.trouble", "basic.trouble_text"),
    };
    let status = Problem::from(refusal).into_response().status();
    let mut page = MessagePage::new(reader, event, title, text);
    page.refresh = status.is_server_error().then_some(REFRESH_IN_TROUBLE);
    render(status, &page, reader)
}

/// What arrived is not what the form sends.
pub(super) fn malformed(reader: &Reader, event: &EventId) -> Response {
    let mut page = MessagePage::new(
        reader,
        Some(event),
        "basic.malformed",
        "basic.malformed_text",
    );
    page.link = format!("/basic/{event}/checkout");
    page.link_label = reader.text("checkout.title");
    render(StatusCode::BAD_REQUEST, &page, reader)
}

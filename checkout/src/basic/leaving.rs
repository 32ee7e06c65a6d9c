//! Giving up the session in the shop.

use askama::Template;
use axum::response::Response;
use basic_pages::{Frame, render};
use http::StatusCode;
use service_kit::extract::SameOrigin;

use super::{Visit, message::MessagePage};

/// Asks before what can't be taken back.
#[derive(Template)]
#[template(path = "leave_shop.html")]
struct LeavePage {
    frame: Frame,
    event_id: String,
    event_name: String,
    title: String,
    body: String,
    yes: String,
    no: String,
}

pub(super) async fn ask(visit: Visit) -> Response {
    let reader = &visit.reader;
    let page = LeavePage {
        frame: reader.frame(),
        event_id: visit.event.id.to_string(),
        event_name: visit.event.name.clone(),
        title: reader.text("checkout.leave_title"),
        body: reader.text("checkout.leave_body"),
        yes: reader.text("checkout.leave_yes"),
        no: reader.text("checkout.leave_no"),
    };
    render(StatusCode::OK, &page, reader)
}

pub(super) async fn leave(_: SameOrigin, visit: Visit) -> Response {
    if let Err(refusal) = visit.checkout.end_session(visit.pass.clone()).await {
        return visit.refused(refusal);
    }
    let page = MessagePage::new(
        &visit.reader,
        Some(&visit.event.id),
        "checkout.left_title",
        "checkout.left_body",
    );
    render(StatusCode::OK, &page, &visit.reader)
}

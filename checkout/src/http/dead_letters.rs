//! An event's dead letters, for its operator.

use axum::{
    extract::{FromRequestParts, Path, State, rejection::PathRejection},
    response::Response,
};
use http::{StatusCode, request::Parts};
use serde::Serialize;
use service_kit::problem::Problem;
use utoipa::ToSchema;
use waiting_room_audit::{Action, By, Entry, unbroken};
use waiting_room_core::EventId;

use super::{Checkout, CheckoutParts, Refusal, orders::private};
use crate::DeadLetter;

/// Dead letters shown at once.
const MOST: usize = 500;

/// Proof that the request is an operator's, or a viewer's who may make it.
pub(super) struct Operator(By);

impl FromRequestParts<Checkout> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, checkout: &Checkout) -> Result<Self, Problem> {
        let CheckoutParts {
            operators, auditor, ..
        } = checkout.parts();
        match operators.check(parts) {
            Ok(operator) => Ok(Self(By::from(&operator))),
            Err(stranger) => {
                if let Some(entry) = stranger.refused.map(Entry::of_refused) {
                    auditor.note_later(entry, None);
                }
                Err(stranger.into())
            }
        }
    }
}

/// Messages that fulfilment could not get done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetterList {
    /// The oldest first; 500 at most.
    dead_letters: Vec<DeadLetterView>,
}

/// A message that fulfilment could not get done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetterView {
    /// Its id.
    id: String,
    /// The order that stays pending because of it.
    order_id: String,
    /// What went wrong last.
    reason: String,
    /// How often it was tried.
    received_count: u32,
    /// When it was given up.
    #[schema(format = DateTime)]
    died_at: String,
}

/// How many messages are tried once more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Redriven {
    /// The number.
    redriven: usize,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            order_id: letter.order.to_string(),
            reason: letter.reason,
            received_count: letter.received,
            died_at: letter.died_at.to_string(),
        }
    }
}

/// Lists an event's dead letters
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/dead-letters",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses(
        (status = 200, description = "The dead letters", body = DeadLetterList),
        (status = 401, description = "`invalid-credential`", body = Problem),
        (status = 403, description = "`viewer-may-not` or `cross-site-request`", body = Problem),
        (status = 429, description = "`too-many-attempts`", body = Problem),
        (status = 404, description = "`unknown-event`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn list(
    State(checkout): State<Checkout>,
    _: Operator,
    event: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let event = event_id(event)?;
    let letters = checkout.parts().queue.dead_letters(&event, MOST).await?;
    known(&checkout, &event, letters.len())?;
    let dead_letters = letters.into_iter().map(DeadLetterView::from).collect();
    Ok(private(StatusCode::OK, &DeadLetterList { dead_letters }))
}

/// Tries an event's dead letters once more
#[utoipa::path(
    post,
    path = "/v1/operator/events/{event}/dead-letters/redrive",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses(
        (status = 200, description = "They are on the queue again", body = Redriven),
        (status = 401, description = "`invalid-credential`", body = Problem),
        (status = 403, description = "`viewer-may-not` or `cross-site-request`", body = Problem),
        (status = 429, description = "`too-many-attempts`", body = Problem),
        (status = 404, description = "`unknown-event`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn redrive(
    State(checkout): State<Checkout>,
    Operator(by): Operator,
    event: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let event = event_id(event)?;
    unbroken(async move {
        let redriven = checkout.parts().queue.redrive(&event).await?;
        known(&checkout, &event, redriven)?;
        tracing::info!(%event, redriven, "dead letters are tried once more");
        let action = Action::DeadLettersRedriven { redriven };
        let entry = Entry::new(service_kit::now(), Some(event), by, action);
        checkout.parts().auditor.note(entry, None).await;
        Ok(private(StatusCode::OK, &Redriven { redriven }))
    })
    .await
}

fn event_id(segment: Result<Path<String>, PathRejection>) -> Result<EventId, Refusal> {
    let Path(text) = segment.map_err(|_| Refusal::UnknownEvent)?;
    text.parse().map_err(|_| Refusal::UnknownEvent)
}

/// An event that left the catalogue may have left dead letters, which an operator has to see.
fn known(checkout: &Checkout, event: &EventId, letters: usize) -> Result<(), Refusal> {
    if letters == 0 {
        checkout.event(event)?;
    }
    Ok(())
}

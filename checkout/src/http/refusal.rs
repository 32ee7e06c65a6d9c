//! What checkout refuses, and how that is told. This is the only place that decides what of an
//! error reaches the outside; causes go to the log.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use service_kit::problem::Problem;
use thiserror::Error;

use crate::{BackendError, GateError, InvalidOrder, OrderId, PlaceError, error::chain};

/// When to try again what a backend did not do.
const RETRY: Duration = Duration::from_secs(2);

/// When to try again what this region does not do: a failover takes minutes, and the fans are sent elsewhere in the
/// middle of it.
const RETRY_ELSEWHERE: Duration = Duration::from_secs(5);

/// A request that was not done.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    InvalidToken(&'static str),
    #[error("there are no keys to verify tokens with")]
    NoKeys,
    #[error("the session is over")]
    SessionOver,
    #[error("no idempotency key")]
    NoIdempotencyKey,
    #[error(transparent)]
    InvalidOrder(#[from] InvalidOrder),
    #[error("the idempotency key was used for another order")]
    KeyReused,
    #[error("the ticket has bought already")]
    AlreadyBought(OrderId),
    #[error("no such order")]
    UnknownOrder,
    #[error("no such event")]
    UnknownEvent,
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error("the waiting room took too long")]
    GateTooSlow,
    #[error("another region takes the orders")]
    RegionNotActive,
}

impl From<PlaceError> for Refusal {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::KeyReused => Self::KeyReused,
            PlaceError::AlreadyBought { order } => Self::AlreadyBought(order),
            PlaceError::SessionOver => Self::SessionOver,
            PlaceError::Backend(error) => Self::Backend(error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidToken(detail) => Self::invalid_token(detail),
            Refusal::SessionOver => Self::invalid_token("the session is over"),
            Refusal::NoIdempotencyKey => Self::new(
                StatusCode::BAD_REQUEST,
                "idempotency-key-missing",
                "An Idempotency-Key header is needed",
            )
            .detail("The header Idempotency-Key must have 1 to 128 visible ASCII characters."),
            Refusal::InvalidOrder(InvalidOrder(faults)) => invalid_order(&faults),
            Refusal::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "This Idempotency-Key was used for another order",
            ),
            Refusal::AlreadyBought(order) => Self::new(
                StatusCode::CONFLICT,
                "ticket-already-bought",
                "This ticket has an order already",
            )
            .with("order_id", order.to_string()),
            Refusal::UnknownOrder => Self::new(
                StatusCode::NOT_FOUND,
                "unknown-order",
                "This ticket has no such order",
            ),
            Refusal::UnknownEvent => Self::new(
                StatusCode::NOT_FOUND,
                "unknown-event",
                "There is no such event",
            ),
            Refusal::Backend(BackendError::Unreadable { .. }) => Self::internal(),
            Refusal::RegionNotActive => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "region-not-active",
                "Orders are taken at another place for the moment: try again",
            )
            .retry_after(RETRY_ELSEWHERE),
            Refusal::NoKeys
            | Refusal::Backend(BackendError::Unavailable(_))
            | Refusal::Gate(_)
            | Refusal::GateTooSlow => Self::unavailable(RETRY),
        }
    }
}

fn invalid_order(faults: &[crate::Fault]) -> Problem {
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-order",
        "The order is not valid",
    )
    .with("errors", json!(faults));
    match faults.first() {
        Some(first) => problem
            .with("field", first.field.as_str())
            .detail(first.detail.clone()),
        None => problem,
    }
}

impl Refusal {
    /// Writes the cause of a fault of our own to the log.
    pub(crate) fn log(&self) {
        if let Self::Backend(_) | Self::Gate(_) | Self::GateTooSlow = self {
            tracing::error!(error = chain(self), "a request was not done");
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        Problem::from(self).into_response()
    }
}

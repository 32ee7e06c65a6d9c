//! What goes wrong between a caller and the gatekeeper, and the one place that decides how it is told.

use std::time::Duration;

use http::StatusCode;
use service_kit::problem::Problem;
use thiserror::Error;
use waiting_room_core::{IdError, InvalidSetting, RejoinRefused, Timestamp};
use waiting_room_tokens::TokenError;

use crate::{
    history::HistoryUnavailable, keys::KeyError, queue_store::StoreUnavailable,
    settings::ChangeError, shop::ShopUnavailable,
};

/// Why a request was not granted.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("no such event")]
    UnknownEvent,
    #[error("the secret is malformed")]
    InvalidSecret(#[source] IdError),
    #[error("the pre-queue is not open yet")]
    NotOpenYet {
        opens_at: Timestamp,
        opens_in: Duration,
    },
    #[error("the event is closed")]
    Closed,
    #[error("the queue is full")]
    Full,
    #[error("the token opens nothing")]
    Token(#[from] TokenError),
    #[error("the token is for another event")]
    OtherEvent,
    #[error("not called yet")]
    NotCalled { ask_again_after: Duration },
    #[error("the door is busy")]
    Busy { retry_after: Duration },
    #[error("the call window has passed")]
    Missed { may_rejoin: bool },
    #[error("the ticket left the queue")]
    Left,
    #[error("the session is over")]
    SessionEnded,
    #[error("a rejoin is not within the rules")]
    Rejoin(RejoinRefused),
    #[error("the setting is invalid")]
    Setting(#[from] InvalidSetting),
    #[error("the settings were not changed")]
    Change(#[from] ChangeError),
    #[error("the keys were not rotated")]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
    #[error(transparent)]
    Shop(#[from] ShopUnavailable),
    #[error(transparent)]
    Audit(#[from] waiting_room_audit::Unavailable),
    #[error("too many streams")]
    TooManyStreams,
    #[error("no such span of time")]
    InvalidSpan,
    #[error(transparent)]
    History(#[from] HistoryUnavailable),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let gone = |slug, title| Problem::new(StatusCode::GONE, slug, title);
        match refusal {
            Refusal::UnknownEvent => Problem::new(
                StatusCode::NOT_FOUND,
                "unknown-event",
                "There is no such event",
            ),
            Refusal::InvalidSecret(error) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-secret",
                "The secret does not fit",
            )
            .detail(format!("secret {error}")),
            Refusal::NotOpenYet { opens_at, opens_in } => Problem::new(
                StatusCode::TOO_EARLY,
                "not-open-yet",
                "The pre-queue has not opened",
            )
            .retry_after(opens_in)
            .with("opens_at", opens_at.to_string()),
            Refusal::Closed => gone("event-closed", "This event's queue is closed"),
            Refusal::Full => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "queue-full",
                "The queue is full",
            )
            .retry_after(Duration::from_secs(30)),
            Refusal::Token(TokenError::Expired) => Problem::invalid_token("the token has expired"),
            Refusal::Token(_) => Problem::invalid_token("not a queue token of this waiting room"),
            Refusal::OtherEvent => Problem::new(
                StatusCode::FORBIDDEN,
                "token-of-another-event",
                "This token is for another event's queue",
            ),
            Refusal::NotCalled { ask_again_after } => Problem::new(
                StatusCode::TOO_EARLY,
                "not-called-yet",
                "This ticket has not been called yet",
            )
            .retry_after(ask_again_after),
            Refusal::Busy { retry_after } => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "door-busy",
                "The door is busy: your place is kept, knock again",
            )
            .retry_after(retry_after),
            Refusal::Missed { may_rejoin } => {
                gone("call-missed", "The call window has passed").with("may_rejoin", may_rejoin)
            }
            Refusal::Left => gone("ticket-left", "This ticket left the queue"),
            Refusal::SessionEnded => gone("session-ended", "This ticket's session is over"),
            Refusal::Rejoin(RejoinRefused::Full) => Refusal::Full.into(),
            Refusal::Rejoin(refused) => Problem::new(
                StatusCode::CONFLICT,
                "rejoin-not-allowed",
                "This ticket can't come back",
            )
            .detail(refused.to_string()),
            Refusal::Setting(error) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-setting",
                "The value is not valid; the last good one stays in force",
            )
            .with("setting", error.setting.as_str())
            .detail(format!("{} {}", error.setting, error.reason)),
            Refusal::Change(ChangeError::UnknownEvent(_)) => Refusal::UnknownEvent.into(),
            Refusal::Change(error) => internal(&error),
            Refusal::Keys(KeyError::UnderWay) => Problem::new(
                StatusCode::CONFLICT,
                "rotation-under-way",
                "The keys of the last rotation don't sign yet",
            ),
            Refusal::Keys(error) => internal(&error),
            Refusal::Store(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "queue store");
                Problem::unavailable(error.retry_after)
            }
            Refusal::Shop(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "shop");
                Problem::unavailable(Duration::from_secs(2))
            }
            Refusal::InvalidSpan => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-span",
                "Ask for 1 to 60 minutes",
            ),
            Refusal::History(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "history");
                Problem::unavailable(Duration::from_secs(5))
            }
            Refusal::Audit(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "audit log");
                Problem::unavailable(Duration::from_secs(5))
            }
            Refusal::TooManyStreams => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too-many-streams",
                "Too many streams are open: poll the board instead",
            )
            .retry_after(Duration::from_secs(10)),
        }
    }
}

fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "request failed");
    Problem::internal()
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        Problem::from(self).into_response()
    }
}

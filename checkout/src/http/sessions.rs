//! `/v1/session`.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use service_kit::problem::Problem;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{Checkout, Pass, Refusal, orders::private};

/// How long the waiting room may take to end a session.
const GATE: Duration = Duration::from_secs(2);

/// A fan's stay in checkout.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    /// The session's id.
    session: String,
    /// The event's id.
    event: String,
    /// The fan's ticket.
    ticket: String,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Tells how long the session lasts
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "session",
    security(("admission_token" = [])),
    responses(
        (status = 200, description = "The session", body = SessionView),
        (status = 401, description = "`invalid-token`: also when the session has ended", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn read(
    State(checkout): State<Checkout>,
    pass: Pass,
) -> Result<Response, Refusal> {
    let claims = checkout.open_session(pass).await?.claims;
    let view = SessionView {
        session: claims.session.to_string(),
        event: claims.event.to_string(),
        ticket: claims.ticket.to_string(),
        expires_at: claims.expires_at.to_string(),
    };
    Ok(private(StatusCode::OK, &view))
}

/// Leaves checkout
///
/// The session ends at once and its slot goes to the next fan. The token opens nothing any more; an
/// order that was placed before is settled all the same.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "session",
    security(("admission_token" = [])),
    responses(
        (status = 204, description = "The session is over"),
        (status = 401, description = "`invalid-token`", body = Problem),
        (status = 503, description = "`unavailable`: try again", body = Problem),
    )
)]
pub(super) async fn leave(
    State(checkout): State<Checkout>,
    pass: Pass,
) -> Result<Response, Refusal> {
    checkout.end_session(pass).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Checkout {
    /// Ends the session of a pass at once and gives its slot back.
    pub(crate) async fn end_session(&self, pass: Pass) -> Result<(), Refusal> {
        let claims = pass.unexpired()?.claims;
        let parts = self.parts();
        // First here, so that a slot that is given away never goes on buying.
        parts
            .store
            .end_session(claims.session, claims.expires_at)
            .await?;
        let ended = parts
            .gate
            .end_session(&claims.event, claims.ticket, claims.session);
        match timeout(GATE, ended).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(Refusal::GateTooSlow),
        }
    }

    /// Lets a pass through whose session is neither expired nor ended.
    pub(crate) async fn open_session(&self, pass: Pass) -> Result<Pass, Refusal> {
        let pass = pass.unexpired()?;
        if self.parts().store.has_ended(pass.claims.session).await? {
            return Err(Refusal::SessionOver);
        }
        Ok(pass)
    }
}

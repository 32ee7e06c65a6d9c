//! Extractors: which room a request is for, and who asks.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use service_kit::{extract::Bearer, operator::Operator, problem::Problem};
use waiting_room_tokens::QueueClaims;

use crate::refusal::Refusal;
use crate::room::{Gatekeeper, Room};

/// The room of the path's event.
pub(super) struct RoomOf(pub(super) Arc<Room>);

impl FromRequestParts<Arc<Gatekeeper>> for RoomOf {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        gatekeeper: &Arc<Gatekeeper>,
    ) -> Result<Self, Refusal> {
        // A path that is no UTF-8 names no event either.
        let Path(event) = Path::<String>::from_request_parts(parts, gatekeeper)
            .await
            .map_err(|_| Refusal::UnknownEvent)?;
        gatekeeper
            .room(&event)
            .cloned()
            .map(Self)
            .ok_or(Refusal::UnknownEvent)
    }
}

/// A fan with a valid queue token for the path's event.
pub(super) struct Fan {
    pub(super) room: Arc<Room>,
    pub(super) claims: QueueClaims,
}

impl Fan {
    /// The fan who presents `token` at `room`.
    pub(super) async fn from_token(
        gatekeeper: &Gatekeeper,
        room: Arc<Room>,
        token: &str,
    ) -> Result<Self, Refusal> {
        let claims = gatekeeper
            .keys
            .verify_queue_token(token, room.now())
            .await?;
        if claims.event != room.event().id {
            return Err(Refusal::OtherEvent);
        }
        Ok(Self { room, claims })
    }
}

impl FromRequestParts<Arc<Gatekeeper>> for Fan {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gatekeeper: &Arc<Gatekeeper>,
    ) -> Result<Self, Problem> {
        let RoomOf(room) = RoomOf::from_request_parts(parts, gatekeeper).await?;
        let Bearer(token) = Bearer::from_request_parts(parts, gatekeeper).await?;
        Ok(Self::from_token(gatekeeper, room, &token).await?)
    }
}

/// An operator's, or a viewer's, request for the path's event, which they may make.
pub(super) struct OperatorOf(pub(super) Arc<Room>);

impl FromRequestParts<Arc<Gatekeeper>> for OperatorOf {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gatekeeper: &Arc<Gatekeeper>,
    ) -> Result<Self, Problem> {
        let acting = Acting::from_request_parts(parts, gatekeeper).await?;
        Ok(Self(acting.room))
    }
}

/// As [`OperatorOf`], where it matters who it is.
pub(super) struct Acting {
    pub(super) room: Arc<Room>,
    pub(super) operator: Operator,
}

impl FromRequestParts<Arc<Gatekeeper>> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gatekeeper: &Arc<Gatekeeper>,
    ) -> Result<Self, Problem> {
        let operator = gatekeeper.operator(parts)?;
        let RoomOf(room) = RoomOf::from_request_parts(parts, gatekeeper).await?;
        Ok(Self { room, operator })
    }
}

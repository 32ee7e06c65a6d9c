//! The last hour of an event, for its operator's charts.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use service_kit::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::room_of::OperatorOf;
use crate::{
    history::{self, Point},
    refusal::Refusal,
    room::Gatekeeper,
};

/// How far back to look.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// 1 to 60.
    #[serde(default = "an_hour")]
    #[param(minimum = 1, maximum = 60, default = 60)]
    minutes: u64,
}

fn an_hour() -> u64 {
    60
}

/// An event's figures over time.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryBody {
    event: String,
    /// From one point to the next, where there is no gap.
    every_seconds: u64,
    /// The oldest first.
    points: Vec<Point>,
}

/// The event's figures over the last hour, a point each five seconds.
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/history",
    tag = "operator",
    security(("operator_credential" = [])),
    params(("event" = String, Path, description = "The event's id"), Span),
    responses((status = 200, body = HistoryBody), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn history(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    OperatorOf(room): OperatorOf,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<HistoryBody>, Refusal> {
    let minutes = match span {
        Ok(Query(Span { minutes })) if (1..=60).contains(&minutes) => minutes,
        _ => return Err(Refusal::InvalidSpan),
    };
    let event = &room.event().id;
    let now = room.now();
    let moments = gatekeeper.history.last_hour(event, now).await?;
    // Those before the span tell how fast it went at its beginning.
    let mut points = history::points(moments);
    let span = Duration::from_secs(minutes * 60);
    points.retain(|point| now.since(point.at) <= span);
    Ok(Json(HistoryBody {
        event: event.to_string(),
        every_seconds: history::EVERY.as_secs(),
        points,
    }))
}

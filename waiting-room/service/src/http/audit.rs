//! What operators did, as the audit log has it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use service_kit::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use waiting_room_audit::{Entry, EntryId};

use super::room_of::OperatorOf;
use crate::{refusal::Refusal, room::Gatekeeper};

/// So many entries are shown at once, unless it is said.
const USUAL: usize = 100;

/// So many are shown at most.
const MOST: usize = 500;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// How many, 1 to 500; 100 unless it is said.
    #[param(value_type = Option<u32>)]
    limit: Option<usize>,
    /// Those that are older than the one with this id.
    #[param(value_type = Option<String>)]
    before: Option<EntryId>,
}

/// Entries of the audit log.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditBody {
    /// The newest first: the event's, and what concerns all events.
    entries: Vec<Entry>,
    /// What to give as `before` for the next page; null when there is none.
    #[schema(value_type = Option<String>)]
    next: Option<EntryId>,
}

/// Who changed what when.
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/audit",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id"), Page),
    responses((status = 200, body = AuditBody), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn list(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    OperatorOf(room): OperatorOf,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<AuditBody>, Problem> {
    let Query(Page { limit, before }) = page.map_err(|error| invalid_page(&error.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid_page("limit must be a whole number from 1 to 500"));
    }
    let Some(log) = gatekeeper.auditor.log() else {
        return Ok(Json(AuditBody {
            entries: Vec::new(),
            next: None,
        }));
    };
    let page = log.page(&room.event().id, before.as_ref(), limit).await;
    let page = page.map_err(Refusal::from)?;
    Ok(Json(AuditBody {
        entries: page.entries,
        next: page.next,
    }))
}

fn invalid_page(reason: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-page",
        "There is no such page",
    )
    .detail(reason)
}

//! The session of an operator's sign-in.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use http::{StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize};
use service_kit::{
    extract::{self, SameOrigin},
    operator::{InvalidName, Operator, OperatorName, Proof, Role, ended_session},
    problem::Problem,
};
use utoipa::ToSchema;
use waiting_room_audit::{Action, By};
use waiting_room_core::Timestamp;

use crate::room::Gatekeeper;

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The operator credential, or the viewer credential.
    credential: String,
    /// Who it is, for the audit log: one line of at most 60 characters.
    name: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionBody {
    role: Role,
    #[schema(value_type = Option<String>)]
    name: Option<OperatorName>,
    /// When the session ends; null when the request carries the credential itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl From<Operator> for SessionBody {
    fn from(operator: Operator) -> Self {
        Self {
            role: operator.role,
            name: operator.name,
            expires_at: match operator.proof {
                Proof::Session { expires_at } => Some(expires_at),
                Proof::Credential => None,
            },
        }
    }
}

const NOT_KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// Signs in: the answer's cookie is the session, for twelve hours.
#[utoipa::path(
    post,
    path = "/v1/operator/session",
    tag = "operator",
    security(()),
    request_body = SignIn,
    responses((status = 200, body = SessionBody, headers(("Set-Cookie" = String, description = "`wr_operator`, for `/v1/operator` alone"))), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn sign_in(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    parts: Parts,
    extract::Json(SignIn { credential, name }): extract::Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let name = OperatorName::parse(&name.unwrap_or_default()).map_err(invalid_name)?;
    let signed_in = gatekeeper.operators.sign_in(&parts, &credential, name);
    let signed_in = signed_in.map_err(|stranger| gatekeeper.turned_away(stranger))?;
    let by = By::from(&signed_in.operator);
    gatekeeper.note(&by, None, Action::SignedIn {}).await;
    let headers = AppendHeaders([(header::SET_COOKIE, signed_in.cookie)]);
    let body = SessionBody::from(signed_in.operator);
    Ok(([NOT_KEPT], headers, Json(body)))
}

fn invalid_name(error: InvalidName) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-name",
        "The name does not fit",
    )
    .detail(format!("name {error}"))
}

/// Who is signed in.
#[utoipa::path(
    get,
    path = "/v1/operator/session",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    responses((status = 200, body = SessionBody), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn read(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    parts: Parts,
) -> Result<impl IntoResponse, Problem> {
    match gatekeeper.operators.identify(&parts) {
        Ok(operator) => Ok(([NOT_KEPT], Json(SessionBody::from(operator)))),
        Err(stranger) if stranger.showed_nothing => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "not-signed-in",
            "Nobody is signed in",
        )),
        Err(stranger) => Err(gatekeeper.turned_away(stranger)),
    }
}

/// Signs out in this browser. A copy of the cookie stays good until it expires; a new credential ends all.
#[utoipa::path(
    delete,
    path = "/v1/operator/session",
    tag = "operator",
    security(()),
    responses((status = 204, description = "The cookie is cleared"), (status = 403, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn sign_out(_: SameOrigin) -> impl IntoResponse {
    let cleared = AppendHeaders([(header::SET_COOKIE, ended_session())]);
    (StatusCode::NO_CONTENT, cleared)
}

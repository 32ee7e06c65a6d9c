use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};

use crate::{keys::JWKS_MAX_AGE, room::Gatekeeper};

/// The public keys of admission tokens, old and new while they rotate.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "shop",
    responses((status = 200, description = "A JSON Web Key Set of Ed25519 keys", body = Object))
)]
pub(super) async fn jwks(State(gatekeeper): State<Arc<Gatekeeper>>) -> Response {
    let mut response = Json(gatekeeper.keys.admission().jwks()).into_response();
    let headers = response.headers_mut();
    if let Ok(value) =
        HeaderValue::try_from(format!("public, max-age={}", JWKS_MAX_AGE.as_secs() / 2))
    {
        headers.insert(header::CACHE_CONTROL, value);
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

//! The gatekeeper's HTTP interface.

mod audit;
mod basic;
mod fan;
mod history;
mod openapi;
mod operator;
mod quick;
mod room_of;
mod session;
mod stream;
mod well_known;

use std::sync::Arc;

use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::room::Gatekeeper;

/// All routes of `gatekeeper`, with their description.
pub fn routes(gatekeeper: Arc<Gatekeeper>) -> OpenApiRouter {
    OpenApiRouter::with_openapi(openapi::GatekeeperApi::openapi())
        .routes(routes!(fan::events))
        .routes(routes!(fan::event))
        .routes(routes!(fan::join))
        .routes(routes!(fan::me, fan::leave))
        .routes(routes!(fan::rejoin))
        .routes(routes!(fan::board))
        .routes(routes!(fan::stream))
        .routes(routes!(fan::admission))
        .routes(routes!(operator::settings, operator::change_settings))
        .routes(routes!(operator::figures))
        .routes(routes!(operator::stream))
        .routes(routes!(history::history))
        .routes(routes!(operator::rotate_keys))
        .routes(routes!(audit::list))
        .routes(routes!(session::read, session::sign_in, session::sign_out))
        .routes(routes!(well_known::jwks))
        .merge(basic::routes())
        .with_state(gatekeeper)
}

//! The gatekeeper's part of the OpenAPI document.

use service_kit::openapi::{add_bearer, add_operator_credential};
use utoipa::{Modify, OpenApi, openapi::OpenApi as Document};

/// What the routes don't say of themselves.
#[derive(OpenApi)]
#[openapi(
    modifiers(&Credentials),
    tags(
        (name = "fan", description = "Holding a place, and coming through the door"),
        (name = "shop", description = "Verifying who was let in"),
        (name = "operator", description = "Running an event"),
    )
)]
pub(super) struct GatekeeperApi;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        add_bearer(document, "queue_token", "The queue token that a join gave");
        add_operator_credential(document);
    }
}

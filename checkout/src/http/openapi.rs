//! Checkout's part of the OpenAPI document.

use service_kit::openapi::{add_bearer, add_operator_credential};
use utoipa::{Modify, OpenApi, openapi::OpenApi as Document};

/// What the routes don't say of themselves.
#[derive(OpenApi)]
#[openapi(
    modifiers(&Credentials),
    tags(
        (name = "orders", description = "Placing orders and learning what became of them"),
        (name = "session", description = "An admitted fan's stay in checkout"),
        (name = "operator", description = "Running an event"),
    )
)]
pub(super) struct CheckoutApi;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        add_bearer(
            document,
            "admission_token",
            "The admission token that a claim at the waiting room's door answered with",
        );
        add_operator_credential(document);
    }
}

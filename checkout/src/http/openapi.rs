//! Checkout's part of the OpenAPI document.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

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
        let components = document.components.get_or_insert_default();
        let bearer = |description: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(scheme.description(Some(description)).build())
        };
        components.add_security_scheme(
            "admission_token",
            bearer("The admission token that a claim at the waiting room's door answered with"),
        );
        components.add_security_scheme(
            "operator_credential",
            bearer("What the process printed, or was given, when it started"),
        );
    }
}

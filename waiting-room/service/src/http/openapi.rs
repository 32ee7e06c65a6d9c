//! The gatekeeper's part of the OpenAPI document.

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
        (name = "fan", description = "Holding a place, and coming through the door"),
        (name = "shop", description = "Verifying who was let in"),
        (name = "operator", description = "Running an event"),
    )
)]
pub(super) struct GatekeeperApi;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = |description: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(scheme.description(Some(description)).build())
        };
        components.add_security_scheme("queue_token", bearer("The queue token that a join gave"));
        components.add_security_scheme(
            "operator_credential",
            bearer("What the process printed, or was given, when it started"),
        );
    }
}

//! What the services' OpenAPI documents have in common.

use utoipa::openapi::{
    OpenApi,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// The name under which routes say that they need the operator credential.
pub const OPERATOR_CREDENTIAL: &str = "operator_credential";

/// Describes the bearer credential `name` in `document`.
pub fn add_bearer(document: &mut OpenApi, name: &str, description: &str) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let scheme = SecurityScheme::Http(scheme.description(Some(description)).build());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme(name, scheme);
}

/// Describes the operator credential in `document`.
pub fn add_operator_credential(document: &mut OpenApi) {
    let description = "What the process printed, or was given, when it started; in the header X-Operator-Credential \
                       where something in front takes Authorization for itself";
    add_bearer(document, OPERATOR_CREDENTIAL, description);
}

//! What the services' OpenAPI documents have in common.

use utoipa::openapi::{
    OpenApi,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::operator::SESSION_COOKIE;

/// The name under which routes say that they need the operator credential.
pub const OPERATOR_CREDENTIAL: &str = "operator_credential";

/// The name under which routes say that the cookie of a sign-in does as well.
pub const OPERATOR_SESSION: &str = "operator_session";

/// Describes the bearer credential `name` in `document`.
pub fn add_bearer(document: &mut OpenApi, name: &str, description: &str) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let scheme = SecurityScheme::Http(scheme.description(Some(description)).build());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme(name, scheme);
}

/// Describes the operator credential, and the session that is had for it, in `document`.
pub fn add_operator_credential(document: &mut OpenApi) {
    let description = "What the process printed, or was given, when it started; in the header X-Operator-Credential \
                       where something in front takes Authorization for itself. With the viewer credential one may \
                       GET. X-Operator-Name says who it is, for the audit log";
    add_bearer(document, OPERATOR_CREDENTIAL, description);
    let description = "The cookie of `POST /v1/operator/session`. What is changed by it has to come from the same \
                       origin, as Sec-Fetch-Site or Origin say";
    let cookie = ApiKeyValue::with_description(SESSION_COOKIE, description);
    document
        .components
        .get_or_insert_default()
        .add_security_scheme(
            OPERATOR_SESSION,
            SecurityScheme::ApiKey(ApiKey::Cookie(cookie)),
        );
}

//! Extractors whose refusals are problems.

use axum::extract::{
    FromRequest, FromRequestParts, Request,
    rejection::{BytesRejection, FailedToBufferBody, JsonRejection},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The largest request body that is read, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(json_problem(&rejection)),
        }
    }
}

fn json_problem(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body must be application/json",
        ),
        JsonRejection::JsonDataError(error) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-body",
            "The body does not fit",
        )
        .detail(error.body_text()),
        JsonRejection::BytesRejection(rejection) => body_problem(rejection),
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed-json",
            "The body is not JSON",
        ),
    }
}

/// The problem of a body that could not be read.
pub fn body_problem(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "The body is too large",
            )
            .with("limit_bytes", BODY_LIMIT)
        }
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete-body",
            "The body did not arrive",
        ),
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
#[derive(Debug)]
pub struct Bearer(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        bearer(&parts.headers)
            .map(|token| Self(token.to_owned()))
            .ok_or_else(|| Problem::invalid_token("no bearer token in the Authorization header"))
    }
}

/// The bearer token of a request, if it has one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

/// A request that a page of another site did not make: for forms whose sender a cookie tells.
#[derive(Debug)]
pub struct SameOrigin;

impl<S: Send + Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if is_same_origin(parts) {
            return Ok(Self);
        }
        Err(Problem::cross_site())
    }
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`; a client that
/// says neither is no browser that could be misled.
pub(crate) fn is_same_origin(parts: &Parts) -> bool {
    match parts.headers.get(FETCH_SITE) {
        Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        None => !parts.headers.contains_key(header::ORIGIN) || says_same_origin(parts),
    }
}

/// Whether the request says that a page of this site sent it.
pub(crate) fn says_same_origin(parts: &Parts) -> bool {
    let text = |name: &str| parts.headers.get(name)?.to_str().ok();
    if parts.headers.contains_key(FETCH_SITE) {
        return text(FETCH_SITE) == Some("same-origin");
    }
    let origin = text(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, host)| text(header::HOST.as_str()) == Some(host))
}

const FETCH_SITE: &str = "sec-fetch-site";

/// The value of the cookie `name`, whatever other cookies a browser sends along, in however many
/// headers.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    cookies(headers, name).next().map(str::to_owned)
}

/// All values of cookies `name`: a browser may have several, by path and domain.
pub(crate) fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Where a request may carry the operator credential when something in front of the service, such as an API gateway
/// that wants its callers signed, takes `Authorization` for itself.
pub const OPERATOR_CREDENTIAL_HEADER: &str = "x-operator-credential";

/// What an operator proves to be one with: 16 bytes at least.
#[derive(Clone)]
pub struct OperatorCredential(String);

impl OperatorCredential {
    /// The credential `text`; `None` when it is shorter than 16 bytes.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.len() >= 16).then_some(Self(text))
    }

    /// The text, to be shown to the operator alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for OperatorCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorCredential([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &[u8]) -> HeaderMap {
        let value = http::HeaderValue::from_bytes(authorization).unwrap();
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    #[test]
    fn finds_the_bearer_token_and_nothing_else() {
        assert_eq!(bearer(&headers(b"Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers(b"bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers(b"Basic abc")), None);
        assert_eq!(bearer(&headers(b"Bearer")), None);
        assert_eq!(bearer(&headers(b"Bearer \xff\xfe")), None);
    }

    #[test]
    fn a_cookie_is_found_beside_whatever_else_is_sent() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            http::HeaderValue::from_bytes(b"x=\xff; a=1").unwrap(),
        );
        headers.append(header::COOKIE, http::HeaderValue::from_static("b=2;c=3"));
        for (name, value) in [("a", "1"), ("b", "2"), ("c", "3")] {
            assert_eq!(cookie(&headers, name).as_deref(), Some(value));
        }
        assert_eq!(cookie(&headers, "d"), None);
    }

    #[test]
    fn a_form_on_another_site_is_told_apart() {
        let from = |headers: &[(&str, &str)]| {
            let mut request = http::Request::builder();
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            is_same_origin(&request.body(()).unwrap().into_parts().0)
        };
        assert!(from(&[]));
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(!from(&[("sec-fetch-site", "cross-site")]));
        assert!(!from(&[("sec-fetch-site", "same-site")]));
        assert!(from(&[
            ("origin", "http://shop:8080"),
            ("host", "shop:8080")
        ]));
        assert!(!from(&[("origin", "http://evil"), ("host", "shop:8080")]));
        assert!(!from(&[("origin", "null"), ("host", "shop:8080")]));
    }

    #[test]
    fn a_credential_has_sixteen_bytes_at_least() {
        assert!(OperatorCredential::new("fifteen bytes..").is_none());
        assert!(OperatorCredential::new("sixteen bytes...").is_some());
    }
}

//! Answers as JSON.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde::Serialize;

use crate::problem::Problem;

/// Most answers fit into this many bytes.
const USUAL_LENGTH: usize = 512;

/// `body` as JSON, with the `Cache-Control` of `caching`.
///
/// As axum's own, but written into one buffer of the usual length instead of one that grows as it is
/// written.
pub fn json<T: Serialize>(body: &T, caching: &'static str) -> Response {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    if let Err(error) = serde_json::to_writer(&mut bytes, body) {
        tracing::error!(%error, "an answer could not be written");
        return Problem::internal().into_response();
    }
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

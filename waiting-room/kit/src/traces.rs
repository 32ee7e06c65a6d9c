//! Traces of requests, where somebody wants them: spans are made of some requests in the measure that was asked for, and
//! of none, at the price of one read of memory a request, where nobody did.
//!
//! A span continues the trace that the request's `traceparent` names (<https://www.w3.org/TR/trace-context/>). Whether it is
//! made is not for the caller to say, who may be anybody: that is drawn here. It holds the route, the method and the
//! status, and nothing that a fan sent.

#[cfg(feature = "otlp")]
mod otlp;

#[cfg(not(feature = "otlp"))]
use http::{HeaderMap, Method, StatusCode};
#[cfg(not(feature = "otlp"))]
use tracing::Span;

#[cfg(feature = "otlp")]
pub(crate) use self::otlp::{TARGET, answered, describe, layer, of_request};
#[cfg(feature = "otlp")]
pub use self::otlp::{Traces, TracesConfig, TracesError, child};

/// No span: this program makes none.
#[cfg(not(feature = "otlp"))]
pub(crate) fn of_request(_: &Method, _: &HeaderMap) -> Span {
    Span::none()
}

/// No span: this program makes none.
#[cfg(not(feature = "otlp"))]
pub fn child(_: &'static str) -> Span {
    Span::none()
}

/// Nothing to tell: this program makes none.
#[cfg(not(feature = "otlp"))]
pub(crate) fn answered(_: &Span, _: &Method, _: &str, _: StatusCode) {}

//! Counts and times requests by route.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

const REQUESTS: &str = "http_requests_total";
const SECONDS: &str = "http_request_seconds";

/// Tells the metrics' help texts; once a process.
pub fn describe() {
    describe_counter!(
        REQUESTS,
        "Requests answered, by route, method and status class"
    );
    describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "Time until a request's answer began, by route"
    );
}

/// A middleware that counts and times each request.
pub async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = method_label(request.method());
    let response = next.run(request).await;
    let class = match response.status().as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    counter!(REQUESTS, "route" => route.clone(), "method" => method, "status" => class)
        .increment(1);
    histogram!(SECONDS, "route" => route).record(started.elapsed().as_secs_f64());
    response
}

/// The method as a label; one of a few, so that nobody can make the metrics grow by inventing some.
fn method_label(method: &http::Method) -> &'static str {
    match *method {
        http::Method::GET => "GET",
        http::Method::POST => "POST",
        http::Method::PATCH => "PATCH",
        http::Method::DELETE => "DELETE",
        _ => "other",
    }
}

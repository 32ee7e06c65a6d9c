//! What every request of a listener passes, whichever route it is for.
//!
//! Done around the router and not by middleware in it: each such layer costs some allocations and
//! copies of the request, and four of them cost half as much again as serving a small answer does.

use std::{
    future::ready,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::{DefaultBodyLimit, MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::BoxFuture, stream};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use tokio::time::timeout;
use tower::{ServiceExt, util::MapRequestLayer};
use tracing::Instrument;

use crate::{
    extract::BODY_LIMIT,
    http_metrics::{HttpMetrics, Label, Route},
    problem::Problem,
    serve::Limits,
    traces,
};

/// What is done to each answer before it is sent; gets the request's address.
pub type Finish = fn(&Uri, &mut Response);

/// Answers at once, before the router is asked, what is asked most often.
pub trait Quick: Send + Sync {
    /// The answer to a request without a body, and the route that would give the same one; `None` when that
    /// takes the store, or when anything is unusual about the request: the router answers then.
    fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<(&'static str, Response)>;

    /// Whether to ask [`Self::answer_to`] once the body is there. Only for bodies that the headers tell to be
    /// small.
    fn reads_body(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool;

    /// As [`Self::answer`], for a request with this body.
    fn answer_to<'a>(
        &'a self,
        uri: &Uri,
        body: &[u8],
    ) -> Option<(&'static str, BoxFuture<'a, Response>)>;
}

/// Routes, wrapped in what all services share: metrics, the body limit, the request's time limit, and
/// answers as problems for a method that no route takes and for a handler that panics.
pub struct Front {
    routes: Router,
    limits: Limits,
    quick: Option<Arc<dyn Quick>>,
    finish: Finish,
    metrics: HttpMetrics,
}

impl Front {
    /// The front of `routes`.
    pub fn new(routes: Router, limits: Limits) -> Self {
        let routes = routes
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(MapRequestLayer::new(tell_route));
        Self {
            routes,
            limits,
            quick: None,
            finish: |_, _| {},
            metrics: HttpMetrics::default(),
        }
    }

    /// The same, but `finish` is done to each answer.
    pub fn finishing(self, finish: Finish) -> Self {
        Self { finish, ..self }
    }

    /// The same, but `quick` is asked first.
    pub fn asking_first(self, quick: Arc<dyn Quick>) -> Self {
        Self {
            quick: Some(quick),
            ..self
        }
    }

    /// What its listener may cost.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Answers `request`.
    pub async fn answer<B>(&self, request: http::Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let started = Instant::now();
        let span = traces::of_request(request.method(), request.headers());
        let at_once = self
            .quick
            .as_ref()
            .and_then(|quick| quick.answer(request.method(), request.uri(), request.headers()));
        if let Some((route, mut response)) = at_once {
            (self.finish)(request.uri(), &mut response);
            traces::answered(&span, request.method(), route, response.status());
            self.metrics.answered(
                route,
                request.method(),
                response.status(),
                started.elapsed(),
            );
            return response;
        }
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = self.within_limits(request).instrument(span.clone());
        let (route, mut response) = answer.await;
        (self.finish)(&uri, &mut response);
        traces::answered(&span, &method, route.label(), response.status());
        self.metrics
            .answered(route.label(), &method, response.status(), started.elapsed());
        response
    }

    async fn within_limits<B>(&self, request: http::Request<B>) -> (Arc<Route>, Response)
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let route = Arc::new(Route::default());
        let answer = AssertUnwindSafe(self.ask(request, &route)).catch_unwind();
        let response = match timeout(self.limits.request, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => panicked(),
            Err(_) => took_too_long(),
        };
        (route, response)
    }

    async fn ask<B>(&self, request: http::Request<B>, route: &Arc<Route>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let reader = self.quick.as_ref().filter(|quick| {
            let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
            quick.reads_body(method, uri, headers)
        });
        let body = match reader {
            None => Body::new(body),
            Some(quick) => match body.collect().await {
                Ok(body) => {
                    let body = body.to_bytes();
                    if let Some((label, answer)) = quick.answer_to(&parts.uri, &body) {
                        route.is(Label::Quick(label));
                        return answer.await;
                    }
                    Body::from(body)
                }
                Err(broken) => broken_off(broken.into()),
            },
        };
        let mut request = Request::from_parts(parts, body);
        request.extensions_mut().insert(route.clone());
        DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
        match self.routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Tells the front which route a request is for: only the router knows.
fn tell_route(request: Request<Body>) -> Request<Body> {
    let extensions = request.extensions();
    if let (Some(route), Some(path)) = (
        extensions.get::<Arc<Route>>(),
        extensions.get::<MatchedPath>(),
    ) {
        route.is(Label::Matched(path.clone()));
    }
    request
}

/// A body of which no more will come.
fn broken_off(error: BoxError) -> Body {
    Body::from_stream(stream::once(ready(Err::<Bytes, _>(error))))
}

fn panicked() -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}

/// When to try again what took too long.
const RETRY_AFTER: Duration = Duration::from_secs(2);

fn took_too_long() -> Response {
    // Whether the client was slow to send or the service slow to answer, the request may be tried again.
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "timeout",
        "The request took too long",
    )
    .retry_after(RETRY_AFTER)
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};

    use super::*;

    async fn broken() -> &'static str {
        panic!("as it should")
    }

    fn front() -> Front {
        let routes = Router::new()
            .route("/slow", get(std::future::pending::<()>))
            .route("/broken", get(broken))
            .route("/body", post(async |body: String| body));
        Front::new(routes, Limits::default())
    }

    async fn status(method: &str, path: &str, body: Body) -> StatusCode {
        let request = Request::builder().method(method).uri(path).body(body);
        front().answer(request.unwrap()).await.status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_never_ends_is_given_up() {
        let begun = tokio::time::Instant::now();
        assert_eq!(
            status("GET", "/slow", Body::empty()).await,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(begun.elapsed(), Limits::default().request);
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_as_a_problem() {
        for (method, path, body, expected) in [
            ("GET", "/broken", 0, StatusCode::INTERNAL_SERVER_ERROR),
            ("POST", "/slow", 0, StatusCode::METHOD_NOT_ALLOWED),
            ("GET", "/none", 0, StatusCode::NOT_FOUND),
            ("POST", "/body", BODY_LIMIT, StatusCode::OK),
            (
                "POST",
                "/body",
                BODY_LIMIT + 1,
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
        ] {
            let body = Body::from("x".repeat(body));
            assert_eq!(
                status(method, path, body).await,
                expected,
                "{method} {path}"
            );
        }
    }

    struct Greets;

    impl Quick for Greets {
        fn answer(&self, _: &Method, _: &Uri, _: &HeaderMap) -> Option<(&'static str, Response)> {
            None
        }

        fn reads_body(&self, method: &Method, _: &Uri, _: &HeaderMap) -> bool {
            method == Method::POST
        }

        fn answer_to<'a>(
            &'a self,
            _: &Uri,
            body: &[u8],
        ) -> Option<(&'static str, BoxFuture<'a, Response>)> {
            let slow = match body {
                b"hello" => false,
                b"wait" => true,
                _ => return None,
            };
            let answer = async move {
                if slow {
                    std::future::pending::<()>().await;
                }
                "quickly".into_response()
            };
            Some(("/body", Box::pin(answer)))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_answered_at_once_reaches_the_router_as_it_was_sent() {
        let front = front().asking_first(Arc::new(Greets));
        let answer = async |body: Body| {
            let request = Request::builder().method("POST").uri("/body").body(body);
            let answer = front.answer(request.unwrap()).await;
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
        };
        assert_eq!(answer("hello".into()).await, (200, "quickly".to_owned()));
        assert_eq!(answer("other".into()).await, (200, "other".to_owned()));
        assert_eq!(answer(Body::from("wait")).await.0, 503);
        let broken = broken_off("as connections do".into());
        assert_eq!(answer(broken).await.0, 400);
    }

    #[tokio::test]
    async fn each_answer_is_finished_even_one_of_a_broken_handler() {
        let front = front().finishing(|uri, response| {
            let path = uri.path().parse().unwrap();
            response.headers_mut().insert("x-path", path);
        });
        let request = Request::builder().uri("/broken?a=1").body(Body::empty());
        let response = front.answer(request.unwrap()).await;
        assert_eq!(response.headers()["x-path"], "/broken");
    }
}

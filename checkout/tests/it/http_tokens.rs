//! No side door: nothing opens without a valid admission token.

use axum::body::Body;
use http::{Request, header};

use crate::suite::{
    app::{App, bearer, two_standing},
    samples::{event_id, session, ticket},
    tokens::{bad_tokens, claims, signed, token},
};

const PATHS: [(&str, &str); 4] = [
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/AAAAAAAAAAAAAAAAAAAAAA"),
    ("GET", "/v1/session"),
    ("DELETE", "/v1/session"),
];

fn request(method: &str, path: &str, authorization: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("idempotency-key", "key-1")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request
        .body(Body::from(two_standing().to_string()))
        .unwrap()
}

#[tokio::test]
async fn bad_tokens_open_nothing() {
    let app = App::start().await;
    for (what, token) in bad_tokens() {
        for (method, path) in PATHS {
            let authorization = format!("Bearer {token}");
            let answer = app.send(request(method, path, Some(&authorization))).await;
            assert_eq!(answer.status, 401, "{what}: {method} {path}");
            answer.problem(401, "invalid-token");
            assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
        }
    }
    let counts = app.store().tally(&event_id()).await.unwrap().orders;
    assert_eq!(counts.pending, 0);
    assert!(!app.store().has_ended(session(1)).await.unwrap());
}

#[tokio::test]
async fn no_token_opens_nothing() {
    let app = App::start().await;
    let good = token(1);
    for authorization in [
        None,
        Some("Basic eDp5"),
        Some("Bearer"),
        Some(good.as_str()),
    ] {
        for (method, path) in PATHS {
            let answer = app.send(request(method, path, authorization)).await;
            answer.problem(401, "invalid-token");
        }
    }
}

#[tokio::test]
async fn a_token_for_an_event_that_is_not_sold_here_orders_nothing() {
    let app = App::start().await;
    let mut claims = claims(1);
    claims.event = "elsewhere".parse().unwrap();
    let answer = app.order(&signed(&claims), "key-1", &two_standing()).await;
    answer.problem(404, "unknown-event");
}

#[tokio::test]
async fn the_order_of_one_event_is_not_shown_to_a_token_of_another() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await.json();
    let mut claims = claims(1);
    claims.event = "other".parse().unwrap();
    assert_eq!(claims.ticket, ticket(1));
    let url = accepted["status_url"].as_str().unwrap();
    let answer = app.get(url, &signed(&claims)).await;
    answer.problem(404, "unknown-order");
}

#[tokio::test]
async fn without_keys_checkout_is_out_of_service_and_says_when_to_come_back() {
    let app = App::without_keys();
    for (method, path) in PATHS {
        let authorization = format!("Bearer {}", token(1));
        let answer = app.send(request(method, path, Some(&authorization))).await;
        let problem = answer.problem(503, "unavailable");
        assert_eq!(answer.header(header::RETRY_AFTER), "2");
        assert_eq!(problem["retry_after_ms"], 2_000);
    }
}

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let app = App::start().await;
    assert_eq!(app.key_requests(), 0);
    let good = token(1);
    let asking = (0..50).map(|_| app.get("/v1/session", &good));
    for answer in futures_util::future::join_all(asking).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(app.key_requests(), 1);
}

#[tokio::test]
async fn invented_key_ids_do_not_make_checkout_fetch_and_fetch() {
    let app = App::start().await;
    let (_, unknown) = bad_tokens()
        .into_iter()
        .find(|(what, _)| what.contains("unknown key"))
        .unwrap();
    let asking = (0..50).map(|_| {
        let request = bearer("GET", "/v1/session", &unknown);
        app.send(request.body(Body::empty()).unwrap())
    });
    for answer in futures_util::future::join_all(asking).await {
        answer.problem(401, "invalid-token");
    }
    assert_eq!(app.key_requests(), 1);
    assert_eq!(app.get("/v1/session", &token(1)).await.status, 200);
}

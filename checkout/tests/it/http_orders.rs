//! `/v1/orders` keeps the contract.

use std::time::Duration;

use axum::body::Body;
use http::header;
use serde_json::{Value, json};

use crate::suite::{
    app::{App, bearer, body, two_standing},
    tokens::{token, token_expired},
};

#[tokio::test]
async fn a_good_order_is_accepted_and_can_be_followed_until_it_is_confirmed() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.header(header::CACHE_CONTROL), "no-store");
    let accepted = accepted.json();
    let id = accepted["order_id"].as_str().unwrap();
    assert_eq!(
        accepted,
        json!({"order_id": id, "state": "pending", "status_url": format!("/v1/orders/{id}"),
            "total_cents": 9000, "currency": "EUR"})
    );

    let url = accepted["status_url"].as_str().unwrap();
    let pending = app.get(url, &token(1)).await.json();
    assert_eq!(pending["state"], "pending");
    assert_eq!(pending["settled_at"], Value::Null);

    app.settle_all().await;
    let confirmed = app.get(url, &token(1)).await;
    assert_eq!(confirmed.header(header::CACHE_CONTROL), "no-store");
    let confirmed = confirmed.json();
    assert_eq!(
        confirmed,
        json!({"order_id": id, "event": "aurora-live", "state": "confirmed", "reason": null,
            "lines": [{"offer": "standing", "name": "Standing", "quantity": 2, "price_cents": 4500}],
            "total_cents": 9000, "currency": "EUR",
            "name": "Ada Lovelace", "email": "ada@example.com",
            "placed_at": confirmed["placed_at"], "settled_at": confirmed["settled_at"]})
    );
    assert!(confirmed["settled_at"].is_string());
}

#[tokio::test]
async fn an_accepted_order_is_on_the_queue() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await.json();
    let deliveries = app.queue().receive(9, Duration::ZERO).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(
        deliveries[0].message.order.to_string(),
        accepted["order_id"].as_str().unwrap()
    );
}

#[tokio::test]
async fn a_repeated_request_gives_the_same_order_202_while_pending_200_when_settled() {
    let app = App::start().await;
    let first = app.order(&token(1), "key-1", &two_standing()).await.json();
    let again = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!((again.status.as_u16(), again.json()), (202, first.clone()));
    app.settle_all().await;
    let settled = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!(settled.status, 200);
    assert_eq!(settled.json()["order_id"], first["order_id"]);
    assert_eq!(settled.json()["state"], "confirmed");
}

#[tokio::test]
async fn an_answer_that_was_lost_in_the_sessions_last_second_can_be_had_after_it() {
    let app = App::start().await;
    let late = token_expired(1, Duration::from_secs(5));
    let order = crate::suite::samples::order(1, "standing", 2);
    let mut order = checkout::Order {
        placed_at: service_kit::now(),
        ..order
    };
    order.session_expires_at = order.placed_at + Duration::from_secs(1);
    order.buyer.name = "Ada Lovelace".parse().unwrap();
    order.buyer.email = "ada@example.com".parse().unwrap();
    let key = "key-1".parse().unwrap();
    let placed = app.store().place(order, key).await.unwrap();

    let again = app.order(&late, "key-1", &two_standing()).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.json()["order_id"], placed.order.id.to_string());
    let other = app.order(&late, "key-2", &two_standing()).await;
    let problem = other.problem(409, "ticket-already-bought");
    assert_eq!(problem["order_id"], placed.order.id.to_string());
}

#[tokio::test]
async fn an_expired_token_buys_nothing() {
    let app = App::start().await;
    let expired = token_expired(1, Duration::from_secs(1));
    let refused = app.order(&expired, "key-1", &two_standing()).await;
    refused.problem(401, "invalid-token");
}

#[tokio::test]
async fn an_order_needs_a_good_idempotency_key() {
    let app = App::start().await;
    let long = "x".repeat(129);
    for key in [None, Some(""), Some("a b"), Some("é"), Some(long.as_str())] {
        let mut request = bearer("POST", "/v1/orders", &token(1))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(two_standing().to_string()));
        let answer = app.send(request.unwrap()).await;
        answer.problem(400, "idempotency-key-missing");
    }
    let twice = bearer("POST", "/v1/orders", &token(1))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b")
        .body(Body::from(two_standing().to_string()));
    let answer = app.send(twice.unwrap()).await;
    answer.problem(400, "idempotency-key-missing");
}

#[tokio::test]
async fn a_key_is_not_used_for_another_order() {
    let app = App::start().await;
    app.order(&token(1), "key-1", &two_standing()).await;
    let other = body(&json!([{"offer": "standing", "quantity": 3}]));
    let answer = app.order(&token(1), "key-1", &other).await;
    answer.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_ticket_buys_once() {
    let app = App::start().await;
    let first = app.order(&token(1), "key-1", &two_standing()).await.json();
    for _ in 0..2 {
        let again = app.order(&token(1), "key-2", &two_standing()).await;
        let problem = again.problem(409, "ticket-already-bought");
        assert_eq!(problem["order_id"], first["order_id"]);
        app.settle_all().await;
    }
}

#[tokio::test]
async fn a_refused_order_says_why_and_leaves_the_fan_another_try() {
    let app = App::start().await;
    let seats = body(&json!([{"offer": "seat", "quantity": 2}]));
    for n in 1..=3 {
        app.order(&token(n), "key", &seats).await;
        app.settle_all().await;
    }
    let refused = app.order(&token(3), "key", &seats).await.json();
    let url = refused["status_url"].as_str().unwrap();
    let refused = app.get(url, &token(3)).await.json();
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["reason"], "sold-out");
    let other = app.order(&token(3), "another", &two_standing()).await;
    assert_eq!(other.status, 202);
}

#[tokio::test]
async fn an_order_that_breaks_a_rule_is_told_which() {
    let app = App::start().await;
    let line = |offer: &str, quantity: i64| json!({"offer": offer, "quantity": quantity});
    let person = |name: &str, email: &str| json!({"lines": [line("standing", 1)], "name": name, "email": email});
    for (field, order) in [
        ("lines", body(&json!([]))),
        ("lines", body(&json!([line("standing", 0)]))),
        ("lines", body(&json!([line("standing", -1)]))),
        ("lines", body(&json!([line("standing", 5)]))),
        ("lines", body(&json!([line("balcony", 1)]))),
        (
            "lines",
            body(&json!([line("standing", 1), line("standing", 1)])),
        ),
        ("name", person("", "a@example.com")),
        ("name", person(&"a".repeat(101), "a@example.com")),
        ("name", person("two\nlines", "a@example.com")),
        ("email", person("Ada", "")),
        ("email", person("Ada", "not an address")),
    ] {
        let answer = app.order(&token(1), "key-1", &order).await;
        let problem = answer.problem(422, "invalid-order");
        assert_eq!(problem["field"], field, "{order}");
        assert!(problem["detail"].is_string());
    }
    let all = app
        .order(
            &token(1),
            "key-1",
            &json!({"lines": [], "name": "", "email": ""}),
        )
        .await
        .problem(422, "invalid-order");
    assert_eq!(all["errors"].as_array().unwrap().len(), 3);
    let good = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!(good.status, 202);
}

#[tokio::test]
async fn a_body_of_the_wrong_kind_is_refused_before_it_is_looked_at() {
    let app = App::start().await;
    let post = |content_type: &str, body: String| {
        bearer("POST", "/v1/orders", &token(1))
            .header("idempotency-key", "key-1")
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .unwrap()
    };
    let json = "application/json";
    for (request, status, slug) in [
        (post(json, "{".to_owned()), 400, "malformed-json"),
        (post(json, "\u{0}".to_owned()), 400, "malformed-json"),
        (post(json, String::new()), 400, "malformed-json"),
        (
            post("text/plain", two_standing().to_string()),
            415,
            "unsupported-media-type",
        ),
        (post(json, "x".repeat(20_000)), 413, "body-too-large"),
        (post(json, "[]".to_owned()), 422, "invalid-body"),
        (post(json, "{}".to_owned()), 422, "invalid-body"),
        (
            post(
                json,
                body(&json!([{"offer": "standing", "quantity": "2"}])).to_string(),
            ),
            422,
            "invalid-body",
        ),
        (
            post(
                json,
                body(&json!([{"offer": "standing", "quantity": 1.5}])).to_string(),
            ),
            422,
            "invalid-body",
        ),
        (
            post(
                json,
                body(&json!([{"offer": 7, "quantity": 1}])).to_string(),
            ),
            422,
            "invalid-body",
        ),
        (
            post(
                json,
                json!({"lines": [], "name": null, "email": {}}).to_string(),
            ),
            422,
            "invalid-body",
        ),
    ] {
        app.send(request).await.problem(status, slug);
    }
}

#[tokio::test]
async fn an_order_is_shown_to_its_own_ticket_only() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await.json();
    let url = accepted["status_url"].as_str().unwrap();
    app.get(url, &token(2)).await.problem(404, "unknown-order");
    for unknown in ["AAAAAAAAAAAAAAAAAAAAAA", "rubbish", "%00", "%ff"] {
        let url = format!("/v1/orders/{unknown}");
        app.get(&url, &token(1)).await.problem(404, "unknown-order");
    }
}

#[tokio::test]
async fn an_order_can_be_read_for_a_day_after_the_session() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await.json();
    let url = accepted["status_url"].as_str().unwrap();
    let within = token_expired(1, Duration::from_secs(23 * 3600));
    assert_eq!(app.get(url, &within).await.status, 200);
    let after = token_expired(1, Duration::from_secs(24 * 3600));
    app.get(url, &after).await.problem(401, "invalid-token");
}

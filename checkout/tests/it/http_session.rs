//! `/v1/session` keeps the contract.

use std::time::Duration;

use axum::body::Body;
use serde_json::json;

use crate::suite::{
    app::{Answer, App, bearer, two_standing},
    samples::session,
    tokens::{claims, signed, token, token_expired},
};

async fn leave(app: &App, token: &str) -> Answer {
    let request = bearer("DELETE", "/v1/session", token);
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_session_says_how_long_it_lasts() {
    let app = App::start().await;
    let claims = claims(1);
    let answer = app.get("/v1/session", &signed(&claims)).await;
    assert_eq!(
        answer.json(),
        json!({"session": claims.session, "event": "aurora-live", "ticket": claims.ticket,
            "expires_at": claims.expires_at})
    );
}

#[tokio::test]
async fn who_leaves_frees_the_slot_and_orders_nothing_any_more() {
    let app = App::start().await;
    for _ in 0..2 {
        let left = leave(&app, &token(1)).await;
        assert_eq!((left.status.as_u16(), left.text.as_str()), (204, ""));
    }
    assert_eq!(app.gate.ended(), [session(1), session(1)]);
    let again = app.get("/v1/session", &token(1)).await;
    again.problem(401, "invalid-token");
    let order = app.order(&token(1), "key-1", &two_standing()).await;
    order.problem(401, "invalid-token");
    let other = app.order(&token(2), "key-1", &two_standing()).await;
    assert_eq!(other.status, 202);
}

#[tokio::test]
async fn who_leaves_with_a_pending_order_can_still_follow_it() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await.json();
    assert_eq!(leave(&app, &token(1)).await.status, 204);
    app.settle_all().await;
    let url = accepted["status_url"].as_str().unwrap();
    let order = app.get(url, &token(1)).await.json();
    assert_eq!(order["state"], "confirmed");
}

#[tokio::test]
async fn a_waiting_room_that_does_not_answer_is_told_again_and_nothing_is_bought_meanwhile() {
    let app = App::start().await;
    app.gate.set_broken(true);
    let answer = leave(&app, &token(1)).await;
    answer.problem(503, "unavailable");
    let order = app.order(&token(1), "key-1", &two_standing()).await;
    order.problem(401, "invalid-token");
    app.gate.set_broken(false);
    assert_eq!(leave(&app, &token(1)).await.status, 204);
    assert_eq!(app.gate.ended(), [session(1)]);
}

#[tokio::test]
async fn a_session_is_over_when_it_has_expired_and_when_its_order_is_confirmed() {
    let app = App::start().await;
    let expired = token_expired(1, Duration::from_secs(1));
    let answer = app.get("/v1/session", &expired).await;
    answer.problem(401, "invalid-token");
    leave(&app, &expired).await.problem(401, "invalid-token");

    app.order(&token(2), "key-1", &two_standing()).await;
    assert_eq!(app.get("/v1/session", &token(2)).await.status, 200);
    app.settle_all().await;
    let answer = app.get("/v1/session", &token(2)).await;
    answer.problem(401, "invalid-token");
}

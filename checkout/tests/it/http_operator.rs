//! The operator sees dead letters and figures.

use std::time::Duration;

use axum::body::Body;
use checkout::{OrderFigures, OrderId, OrderMessage, Retry};
use http::Request;
use serde_json::{Value, json};

use crate::suite::{
    app::{Answer, App, CREDENTIAL, VIEWER_CREDENTIAL, bearer, two_standing},
    samples::{NOW, event_id, seat, standing},
    tokens::token,
};

const LIST: (&str, &str) = ("GET", "/v1/operator/events/aurora-live/dead-letters");
const REDRIVE: (&str, &str) = (
    "POST",
    "/v1/operator/events/aurora-live/dead-letters/redrive",
);

async fn operate(app: &App, (method, path): (&str, &str)) -> Answer {
    let request = bearer(method, path, CREDENTIAL);
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn poison(app: &App) -> OrderId {
    let order = OrderId::draw(NOW);
    let event = event_id();
    let message = OrderMessage { order, event };
    app.queue().send(message).await.unwrap();
    for _ in 0..5 {
        let wait = Duration::from_secs(1);
        let delivery = app.queue().receive(1, wait).await.unwrap().remove(0);
        let retry = Retry {
            reason: "the event has no such order".to_owned(),
            after: Duration::ZERO,
        };
        app.queue().release(&delivery.receipt, retry).await.unwrap();
    }
    order
}

#[tokio::test]
async fn dead_letters_are_listed_and_redriven() {
    let app = App::start().await;
    let empty = operate(&app, LIST).await.json();
    assert_eq!(empty, json!({"dead_letters": []}));
    let order = poison(&app).await;
    let list = operate(&app, LIST).await.json();
    let letter = &list["dead_letters"][0];
    assert_eq!(
        *letter,
        json!({"id": letter["id"], "order_id": order.to_string(), "received_count": 5,
            "reason": "the event has no such order", "died_at": letter["died_at"]})
    );
    assert!(letter["id"].is_string() && letter["died_at"].is_string());
    assert_eq!(operate(&app, REDRIVE).await.json(), json!({"redriven": 1}));
    assert_eq!(operate(&app, REDRIVE).await.json(), json!({"redriven": 0}));
    let depth = app.queue().depth(&event_id()).await.unwrap();
    assert_eq!((depth.queued, depth.dead), (1, 0));
}

#[tokio::test]
async fn only_the_operator_sees_them() {
    let app = App::start().await;
    for (method, path) in [LIST, REDRIVE] {
        for credential in ["", "wrong-credential-of-length", &token(1)] {
            let request = bearer(method, path, credential).body(Body::empty());
            let answer = app.send(request.unwrap()).await;
            answer.problem(401, "invalid-credential");
        }
        let request = Request::builder().method(method).uri(path);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        answer.problem(401, "invalid-credential");
    }
}

#[tokio::test]
async fn a_viewer_sees_them_and_redrives_none() {
    let app = App::start().await;
    poison(&app).await;
    let as_viewer = async |(method, path)| {
        let request = bearer(method, path, VIEWER_CREDENTIAL);
        app.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(
        as_viewer(LIST).await.json()["dead_letters"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    as_viewer(REDRIVE).await.problem(403, "viewer-may-not");
    assert_eq!(app.queue().depth(&event_id()).await.unwrap().dead, 1);
}

#[tokio::test]
async fn a_redrive_stands_in_the_audit_log() {
    let app = App::start().await;
    poison(&app).await;
    let (method, path) = REDRIVE;
    let request = bearer(method, path, CREDENTIAL).header("x-operator-name", "Ana");
    app.send(request.body(Body::empty()).unwrap()).await;
    let event = event_id();
    let page = app.auditor.log().unwrap().page(&event, None, 10);
    let entries = serde_json::to_value(page.await.unwrap().entries).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    let entry = &entries[0];
    assert_eq!(
        *entry,
        json!({"id": entry["id"], "at": entry["at"], "event": "aurora-live", "who": "Ana", "role": "operator",
            "via": "api", "action": "dead-letters-redriven", "detail": {"redriven": 1}})
    );
}

#[tokio::test]
async fn an_unknown_event_is_told_as_such() {
    let app = App::start().await;
    for event in ["nothing", "Not a slug", "%ff"] {
        let event = event.replace(' ', "%20");
        let path = format!("/v1/operator/events/{event}/dead-letters");
        let answer = operate(&app, ("GET", &path)).await;
        answer.problem(404, "unknown-event");
        let answer = operate(&app, ("POST", &format!("{path}/redrive"))).await;
        answer.problem(404, "unknown-event");
    }
}

#[tokio::test]
async fn figures_tell_orders_and_stock_left() {
    let app = App::start().await;
    app.order(&token(1), "key", &two_standing()).await;
    app.settle_all().await;
    app.order(&token(2), "key", &two_standing()).await;
    poison(&app).await;
    let figures = app.checkout.figures(&event_id()).await.unwrap().unwrap();
    assert_eq!(
        figures.orders,
        OrderFigures {
            pending: 1,
            confirmed: 1,
            refused: 0,
            queue_depth: 2,
            dead_letters: 1
        }
    );
    let left: Vec<_> = figures
        .offers
        .iter()
        .map(|offer| (offer.id.clone(), offer.stock, offer.stock_left))
        .collect();
    assert_eq!(left, [(standing(), 10, 8), (seat(), 5, 5)]);
    let nothing = "nothing".parse().unwrap();
    assert_eq!(app.checkout.figures(&nothing).await.unwrap(), None);
    app.checkout.check().await.unwrap();
}

#[tokio::test]
async fn every_route_of_the_api_is_described() {
    let app = App::start().await;
    let (_, document) = app.checkout.routes().split_for_parts();
    let document: Value = serde_json::to_value(document).unwrap();
    for (method, path) in [
        ("post", "/v1/orders"),
        ("get", "/v1/orders/{order_id}"),
        ("get", "/v1/session"),
        ("delete", "/v1/session"),
        ("get", "/v1/operator/events/{event}/dead-letters"),
        ("post", "/v1/operator/events/{event}/dead-letters/redrive"),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["security"].is_array(), "{method} {path}");
    }
    let schemes = &document["components"]["securitySchemes"];
    assert!(schemes["admission_token"].is_object() && schemes["operator_credential"].is_object());
    assert!(document["components"]["schemas"]["OrderRequest"].is_object());
}

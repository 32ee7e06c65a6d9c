//! Checkout without JavaScript.

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};

use crate::suite::{
    app::{Answer, App},
    samples::{event_id, session},
    tokens::{bad_tokens, token, token_expired},
};

const CHECKOUT: &str = "/basic/aurora-live/checkout";
const ORDER: &str = "/basic/aurora-live/order";

async fn get(app: &App, path: &str, token: &str) -> Answer {
    let request = Request::get(path)
        .header(header::COOKIE, cookie(token))
        .body(Body::empty());
    app.send(request.unwrap()).await
}

async fn submit(app: &App, token: &str, form: &str) -> Answer {
    let request = Request::post(ORDER)
        .header(header::COOKIE, cookie(token))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()));
    app.send(request.unwrap()).await
}

fn cookie(token: &str) -> String {
    format!("theme=dark; wr_admission_other=x; wr_admission_aurora-live={token}")
}

fn form(key: &str, quantity: &str) -> String {
    format!(
        "key={key}&quantity.standing={quantity}&quantity.seat=&name=Ada&email=ada%40example.com"
    )
}

fn key_in(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"key\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[track_caller]
fn assert_redirects(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.header(header::LOCATION), to);
}

#[tokio::test]
async fn a_fan_orders_with_a_form_and_follows_the_order() {
    let app = App::start().await;
    let page = get(&app, CHECKOUT, &token(1)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Aurora, live at the Arena"));
    assert!(page.text.contains("€45.00"));
    assert!(page.header(header::CACHE_CONTROL).contains("no-store"));
    assert!(!page.text.contains("<script"));

    let placed = submit(&app, &token(1), &form(&key_in(&page), "2")).await;
    assert_redirects(&placed, ORDER);
    let pending = get(&app, ORDER, &token(1)).await;
    assert!(pending.text.contains("Reserving"));
    assert!(pending.text.contains("http-equiv=\"refresh\""));
    assert!(pending.text.contains("Check again"));

    app.settle_all().await;
    let confirmed = get(&app, ORDER, &token(1)).await;
    assert!(confirmed.text.contains("Confirmed"));
    assert!(confirmed.text.contains("€90.00"));
    assert!(!confirmed.text.contains("http-equiv=\"refresh\""));
    assert_redirects(&get(&app, CHECKOUT, &token(1)).await, ORDER);
}

#[tokio::test]
async fn the_total_is_shown_before_anything_is_ordered() {
    let app = App::start().await;
    let filled = form("k", "2");
    let review = submit(&app, &token(1), &format!("{filled}&step=review")).await;
    assert_eq!(review.status, 200);
    assert!(review.text.contains("€90.00"));
    assert_eq!(key_in(&review), "k");
    let change = submit(&app, &token(1), &format!("{filled}&step=change")).await;
    assert!(change.text.contains("value=\"Ada\""));
    let orders = || async { app.store().tally(&event_id()).await.unwrap().orders };
    assert_eq!(orders().await.pending, 0);
    assert_redirects(
        &submit(&app, &token(1), &format!("{filled}&step=order")).await,
        ORDER,
    );
    assert_eq!(orders().await.pending, 1);
}

#[tokio::test]
async fn the_pages_speak_the_fans_language() {
    let app = App::start().await;
    let request = Request::get(CHECKOUT)
        .header(header::COOKIE, cookie(&token(1)))
        .header(header::ACCEPT_LANGUAGE, "pt-PT,en;q=0.5")
        .body(Body::empty());
    let page = app.send(request.unwrap()).await;
    assert!(page.text.contains("<html lang=\"pt\""));
    assert!(page.text.contains("45,00\u{a0}€"));
    assert_eq!(page.header(header::CONTENT_LANGUAGE), "pt");
}

#[tokio::test]
async fn who_leaves_the_shop_is_asked_first_and_orders_nothing_more() {
    let app = App::start().await;
    let leave = format!("{CHECKOUT}/leave");
    assert_eq!(get(&app, &leave, &token(1)).await.status, 200);
    assert_eq!(get(&app, CHECKOUT, &token(1)).await.status, 200);
    let request = Request::post(&leave)
        .header(header::COOKIE, cookie(&token(1)))
        .body(Body::empty());
    let left = app.send(request.unwrap()).await;
    assert!(left.text.contains("You left the shop"));
    assert_eq!(get(&app, CHECKOUT, &token(1)).await.status, 401);
    assert_eq!(submit(&app, &token(1), &form("k", "1")).await.status, 401);
}

#[tokio::test]
async fn pressing_the_button_twice_orders_once() {
    let app = App::start().await;
    let page = get(&app, CHECKOUT, &token(1)).await;
    for _ in 0..2 {
        let placed = submit(&app, &token(1), &form(&key_in(&page), "2")).await;
        assert_redirects(&placed, ORDER);
    }
    let counts = app.store().tally(&event_id()).await.unwrap().orders;
    assert_eq!(counts.pending, 1);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_form_and_nothing_typed_is_lost() {
    let app = App::start().await;
    let bad = "key=k&quantity.standing=nine&quantity.seat=1&name=%3Cb%3EAda&email=nowhere";
    let page = submit(&app, &token(1), bad).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("Choose 1 to 4 of “Standing”."));
    assert!(page.text.contains("does not look like an email address"));
    assert!(page.text.contains("value=\"nine\""));
    assert!(page.text.contains("aria-invalid=\"true\""));
    assert!(!page.text.contains("<b>Ada"));
    assert!(!page.text.contains("Seat <A&B>"));
    let empty = submit(&app, &token(1), "key=k&name=&email=").await;
    assert!(empty.text.contains("Choose at least one."));
}

#[tokio::test]
async fn a_form_that_another_site_sends_orders_nothing() {
    let app = App::start().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = Request::post(ORDER)
            .header(header::COOKIE, cookie(&token(1)))
            .header(header::HOST, "wait.example")
            .header(name, value)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form("key", "2")));
        let answer = app.send(request.unwrap()).await;
        answer.problem(403, "cross-site-request");
    }
    let counts = app.store().tally(&event_id()).await.unwrap().orders;
    assert_eq!(counts.pending, 0);
}

#[tokio::test]
async fn without_a_good_cookie_there_is_only_the_way_to_the_queue() {
    let app = App::start().await;
    for (what, token) in bad_tokens() {
        for path in [CHECKOUT, ORDER] {
            let page = get(&app, path, &token).await;
            assert_eq!(page.status, 401, "{what}");
            assert!(page.text.contains("The way in is the queue"));
            assert!(page.text.contains("href=\"/basic/aurora-live\""));
        }
        let refused = submit(&app, &token, &form("key", "2")).await;
        assert_eq!(refused.status, 401, "{what}");
    }
    let other_event = Request::get("/basic/other/checkout")
        .header(header::COOKIE, format!("wr_admission_other={}", token(1)))
        .body(Body::empty());
    assert_eq!(app.send(other_event.unwrap()).await.status, 401);
    let unknown = get(&app, "/basic/nothing/checkout", &token(1)).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_session_that_is_over_shows_the_order_but_sells_nothing() {
    let app = App::start().await;
    let expired = token_expired(1, Duration::from_secs(1));
    let page = get(&app, CHECKOUT, &expired).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("Your session is over"));
    let refused = submit(&app, &expired, &form("key", "2")).await;
    assert!(refused.text.contains("Your session is over"));

    submit(&app, &token(2), &form("key", "2")).await;
    let until = service_kit::now() + Duration::from_secs(600);
    app.store().end_session(session(2), until).await.unwrap();
    assert_eq!(get(&app, ORDER, &token(2)).await.status, 200);
    let late = token_expired(2, Duration::from_secs(3600));
    assert_eq!(get(&app, ORDER, &late).await.status, 200);
}

#[tokio::test]
async fn a_refused_order_offers_something_else_while_the_session_lasts() {
    let app = App::start().await;
    for n in 1..=3 {
        let form = "key=k&quantity.seat=2&name=Ada&email=ada%40example.com";
        assert_redirects(&submit(&app, &token(n), form).await, ORDER);
        app.settle_all().await;
    }
    let refused = get(&app, ORDER, &token(3)).await;
    assert!(refused.text.contains("Sold out"));
    assert!(refused.text.contains("Choose something else"));
    let page = get(&app, CHECKOUT, &token(3)).await;
    assert!(page.text.contains("Your last choice was sold out"));
    let expired = token_expired(3, Duration::from_secs(1));
    let later = get(&app, ORDER, &expired).await;
    assert!(!later.text.contains("Choose something else"));

    let reused = submit(&app, &token(3), &form("k", "1")).await;
    assert!(reused.text.contains("sent before with another choice"));
    assert_ne!(key_in(&reused), "k");
    let placed = submit(&app, &token(3), &form(&key_in(&reused), "1")).await;
    assert_redirects(&placed, ORDER);
}

#[tokio::test]
async fn without_keys_the_page_tries_again_by_itself() {
    let app = App::without_keys();
    let page = get(&app, CHECKOUT, &token(1)).await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let app = App::start().await;
    let no_key = submit(&app, &token(1), "name=Ada").await;
    assert_eq!(no_key.status, 400);
    assert!(no_key.text.contains("did not arrive whole"));
    let request = Request::post(ORDER)
        .header(header::COOKIE, cookie(&token(1)))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    let json = app.send(request.unwrap()).await;
    assert_eq!(json.status, 400);
    assert!(json.text.contains("did not arrive whole"));
}

#[tokio::test]
async fn other_cookies_do_not_hide_the_admission() {
    let app = App::start().await;
    let request = Request::get(CHECKOUT)
        .header(header::COOKIE, &b"name=\xc3\xa9\xff; theme=dark"[..])
        .header(header::COOKIE, cookie(&token(1)))
        .body(Body::empty());
    assert_eq!(app.send(request.unwrap()).await.status, 200);
}

#[tokio::test]
async fn an_address_that_is_no_text_names_no_event() {
    let app = App::start().await;
    let page = get(&app, "/basic/%ff/checkout", &token(1)).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("There is no such event"));
}

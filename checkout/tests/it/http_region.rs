//! What a region that is not the active one takes, and what it goes on doing.

use http::header;
use waiting_room_region::{Admission, AdmissionPercent};

use crate::suite::{
    app::{App, two_standing},
    tokens::token,
};

#[tokio::test]
async fn a_region_that_is_not_active_takes_no_orders_and_goes_on_with_those_it_has() {
    let app = App::start().await;
    let accepted = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!(accepted.status, 202);
    for admission in [Admission::Fenced, Admission::Unknown] {
        app.fence.turn(admission);
        let refused = app.order(&token(2), "key-2", &two_standing()).await;
        refused.problem(503, "region-not-active");
        assert_eq!(refused.header(header::RETRY_AFTER), "5");
    }
    let url = accepted.json()["status_url"].as_str().unwrap().to_owned();
    assert_eq!(app.get(&url, &token(1)).await.json()["state"], "pending");
    app.settle_all().await;
    assert_eq!(app.get(&url, &token(1)).await.json()["state"], "confirmed");
    let own = app.get("/v1/session", &token(2)).await;
    assert_eq!(own.status, 200, "the fan's session waits for the failover");
}

#[tokio::test]
async fn a_region_that_has_just_become_active_takes_orders_before_it_admits_anybody() {
    let app = App::start().await;
    let percent = AdmissionPercent::NONE;
    app.fence.turn(Admission::Active { epoch: 2, percent });
    let accepted = app.order(&token(1), "key-1", &two_standing()).await;
    assert_eq!(
        accepted.status, 202,
        "of those whom the other region admitted"
    );
}

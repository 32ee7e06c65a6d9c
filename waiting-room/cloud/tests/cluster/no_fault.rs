//! Nothing fails.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use test_backends::RedisServer;
use test_crowd::{Crowd, Service};
use waiting_room_core::{SessionId, TicketId};
use waiting_room_tokens::{AdmissionClaims, AdmissionKeys, KeyRing, SigningKey};

use crate::{
    cluster::{Cluster, Plan, RATE_PER_MINUTE},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_waiting_rooms_admit_as_one_and_two_checkouts_sell_what_there_is() {
    let redis = RedisServer::start();
    let cluster = Cluster::start(Plan::new("no-fault", redis.port()).await).await;
    let crowd = Crowd {
        doubters_in_ten: 3,
        ..CROWD
    };
    let (record, fans) = cluster.open_to(&crowd);

    cluster.admitted(&record, 60).await;
    bad_settings_never_apply(&cluster).await;
    no_side_door(&cluster).await;
    fans.join_all().await;

    let record = record.lock().await;
    assert_invariants(&cluster, &record, &crowd, 50).await;
    let out_of_order = record.called_out_of_order();
    assert!(out_of_order.is_empty(), "{out_of_order:?}");
    let (_, refused) = record.confirmed_and_refused();
    assert!(
        refused > 0,
        "there was enough for everybody, which proves nothing"
    );
    assert_eq!(
        record.retried(Service::WaitingRoom),
        0,
        "{:?}",
        record.streaks
    );
    tell("no fault", &record, assert_busy(&record, ..));
}

async fn bad_settings_never_apply(cluster: &Cluster) {
    cluster
        .aws
        .put_setting("admission-rate-per-minute", "-5")
        .await;
    cluster.aws.put_setting("mode", "party").await;
    for room in 0..3 {
        let figures = cluster
            .figures_once(room, |figures| {
                figures["refused_settings"].as_array().map(Vec::len) == Some(2)
            })
            .await;
        assert_eq!(figures["rate_per_minute"], RATE_PER_MINUTE);
        assert_eq!(figures["phase"], "admitting");
    }
    let rate = RATE_PER_MINUTE.to_string();
    cluster
        .aws
        .put_setting("admission-rate-per-minute", &rate)
        .await;
    cluster.aws.put_setting("mode", "admit").await;
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| figures["refused_settings"] == json!([]))
            .await;
    }
}

async fn no_side_door(cluster: &Cluster) {
    let seat: Value = cluster
        .join(0, "a-fan-who-tries-the-side-door")
        .await
        .json()
        .await
        .unwrap();
    let queue_token = seat["queue_token"].as_str().unwrap();
    let order = json!({
        "lines": [{"offer": "standing", "quantity": 1}], "name": "A Fan", "email": "fan@example.org"
    });
    for token in [
        None,
        Some(queue_token),
        Some("x.y.z"),
        Some(&*foreign_token()),
    ] {
        for checkout in &cluster.checkouts {
            let request = cluster.client.post(format!("{}/v1/orders", checkout.url()));
            let mut request = request.header("idempotency-key", "side-door").json(&order);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token:?}");
        }
    }
}

/// What another waiting room with the same name would sign.
fn foreign_token() -> String {
    let now = service_kit::now();
    let key = SigningKey::new("a-key".to_owned(), now, [7; 32]);
    let ring = KeyRing::new(vec![key]).unwrap();
    let claims = AdmissionClaims {
        ticket: TicketId::from_bytes([1; 16]),
        event: "aurora-live".parse().unwrap(),
        session: SessionId::from_bytes([2; 16]),
        issued_at: now,
        expires_at: now + Duration::from_secs(600),
    };
    let keys = AdmissionKeys::new("waiting-room", ring).unwrap();
    keys.sign(&claims, now).unwrap()
}

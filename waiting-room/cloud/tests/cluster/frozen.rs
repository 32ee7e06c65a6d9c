//! Redis stands still: it answers nothing and closes nothing.

use std::time::{Duration, Instant};

use reqwest::{StatusCode, header};
use serde_json::Value;
use test_backends::RedisServer;
use test_crowd::{Crowd, secret};
use tokio::{process::Command, time::sleep};
use waiting_room_core::Timestamp;

use crate::{
    cluster::{Cluster, OPERATOR, Plan},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

const FROZEN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_store_leaves_the_last_board_and_a_calm_refusal() {
    let redis = RedisServer::start();
    let cluster = Cluster::start(Plan::new("frozen", redis.port()).await).await;
    let crowd = Crowd { fans: 300, ..CROWD };
    let (record, fans) = cluster.open_to(&crowd);

    cluster.admitted(&record, 40).await;
    let epoch = cluster.figures(0).await["epoch"].clone();
    redis.freeze();
    let (begun, frozen_at) = (Instant::now(), service_kit::now().as_micros());
    // What was under way is done or given up by now, so the boards are the last ones.
    sleep(Duration::from_secs(3)).await;
    let mut last_boards = Vec::new();
    for room in 0..3 {
        last_boards.push(board(&cluster, room).await);
    }
    let told = what_the_operator_sees(&cluster).await;
    assert!(told.contains("queue-store FAILS since"), "{told}");
    let (mut joins, mut slowest) = (0, Duration::ZERO);
    while begun.elapsed() < FROZEN {
        let room = joins % 3;
        assert_eq!(board(&cluster, room).await, last_boards[room]);
        let asked = Instant::now();
        let refused = cluster.join(room, &secret("frozen", joins)).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        slowest = slowest.max(asked.elapsed());
        joins += 1;
        sleep(Duration::from_millis(200)).await;
    }
    assert!(
        slowest < Duration::from_secs(8),
        "a join was refused after {slowest:?}"
    );
    let thawed_at = service_kit::now().as_micros();
    redis.thaw();
    fans.join_all().await;

    cluster.figures_once(0, store_answers).await;
    assert_one_history_with_a_gap(&cluster).await;
    let record = record.lock().await;
    assert_invariants(&cluster, &record, &crowd, 50).await;
    let claims = record.claim_times();
    let meanwhile = claims
        .iter()
        .filter(|at| (frozen_at + 100_000..thawed_at).contains(at));
    assert_eq!(
        meanwhile.count(),
        0,
        "admitted by a store that stands still"
    );
    assert_eq!(cluster.figures(0).await["epoch"], epoch, "nothing was lost");
    let back = claims.iter().find(|at| **at > thawed_at).unwrap();
    println!(
        "cluster: Redis frozen: {joins} joins were refused, each within {:.1} s; admitted again {:.1} s after \
         it went on",
        slowest.as_secs_f64(),
        (back - thawed_at) as f64 / 1e6
    );
    // Fans who were refused come back within their Retry-After.
    let share = assert_busy(&record, thawed_at + 3_000_000..);
    tell("Redis frozen for 20 s", &record, share);
}

async fn board(cluster: &Cluster, room: usize) -> Value {
    let answer = cluster.board(room).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

fn store_answers(figures: &Value) -> bool {
    let parts = figures["health"].as_array().unwrap();
    let store = parts.iter().find(|health| health["part"] == "queue-store");
    store.unwrap()["ok"] == true
}

/// While the store is away: the figures go on, and say why they stand still. What `ctl` tells of them.
async fn what_the_operator_sees(cluster: &Cluster) -> String {
    let stale = cluster
        .figures_once(0, |figures| !store_answers(figures))
        .await;
    let fresh = |figures: &Value| figures["settings_age_seconds"] != stale["settings_age_seconds"];
    let later = cluster.figures_once(0, fresh).await;
    assert_eq!(
        (&later["at"], &later["health"]),
        (&stale["at"], &stale["health"])
    );
    assert!(
        later["orders"].is_object(),
        "the shop is asked all the same"
    );
    let told = Command::new(env!("CARGO_BIN_EXE_waiting-room"))
        .args(["ctl", "status", "--url", &cluster.waiting_rooms[0].url()])
        .env("WAITING_ROOM_OPERATOR_CREDENTIAL", OPERATOR)
        .output();
    let told = told.await.unwrap();
    assert!(told.status.success(), "{told:?}");
    String::from_utf8(told.stdout).unwrap()
}

/// All instances tell the same last hour, in which there is nothing of when the store was away.
async fn assert_one_history_with_a_gap(cluster: &Cluster) {
    let mut histories = Vec::new();
    for room in 0..3 {
        let history = cluster.waiting_rooms[room]
            .told(&cluster.client, "history")
            .await;
        histories.push(history["points"].as_array().unwrap().clone());
    }
    // What came in between two questions is not told by the first.
    let shortest = histories.iter().map(Vec::len).min().unwrap();
    for history in &histories {
        assert_eq!(history[..shortest], histories[0][..shortest]);
    }
    let at = |point: &Value| Timestamp::parse(point["at"].as_str().unwrap()).unwrap();
    let times: Vec<Timestamp> = histories[0].iter().map(at).collect();
    let longest = times.windows(2).map(|pair| pair[1].since(pair[0])).max();
    assert!(
        longest.unwrap() >= FROZEN - Duration::from_secs(6),
        "{longest:?} at most"
    );
}

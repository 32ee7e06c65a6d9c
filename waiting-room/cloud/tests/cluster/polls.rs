//! What waiting costs the store.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_backends::RedisServer;
use test_crowd::secret;
use tokio::{task::JoinSet, time::sleep};

use crate::cluster::{Cluster, Plan};

const FANS: usize = 60;

/// Script calls of one tick on three instances: a turn and a snapshot each.
const PER_TICK: f64 = 6.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_and_boards_cost_the_store_nothing() {
    let redis = RedisServer::start();
    let cluster = Cluster::start(Plan::new("polls", redis.port()).await).await;
    let paused = cluster.change_settings(0, json!({ "mode": "pause" })).await;
    assert_eq!(paused.status(), StatusCode::OK);
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| figures["phase"] == "paused")
            .await;
    }
    let mut tokens = Vec::new();
    for fan in 0..FANS {
        let seat: Value = cluster
            .join(fan % 3, &secret("polls", fan))
            .await
            .json()
            .await
            .unwrap();
        tokens.push(seat["queue_token"].as_str().unwrap().to_owned());
    }
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| figures["waiting"] == FANS)
            .await;
    }

    let quiet = scripts_a_second(&redis, async { 0 }).await;
    let polled = scripts_a_second(&redis, poll_all(&cluster, &tokens)).await;
    println!(
        "cluster: {:.1} script calls a second with nobody asking, {:.1} with {:.0} polls and boards a second",
        quiet.scripts, polled.scripts, polled.requests
    );
    assert!(polled.requests > 50.0, "too few to tell");
    for measured in [quiet.scripts, polled.scripts] {
        assert!(
            (measured - PER_TICK).abs() < 1.5,
            "{measured} script calls a second"
        );
    }
}

struct Measured {
    scripts: f64,
    requests: f64,
}

/// Script calls while `asking` goes on, for six seconds at least.
async fn scripts_a_second(redis: &RedisServer, asking: impl Future<Output = usize>) -> Measured {
    let count = || redis.command_stats("evalsha").0 + redis.command_stats("eval").0;
    let (before, begun) = (count(), Instant::now());
    let (asked, ()) = tokio::join!(asking, sleep(Duration::from_secs(6)));
    let seconds = begun.elapsed().as_secs_f64();
    Measured {
        scripts: (count() - before) as f64 / seconds,
        requests: asked as f64 / seconds,
    }
}

/// Every fan asks every waiting room where it stands and for the board, several times.
async fn poll_all(cluster: &Cluster, tokens: &[String]) -> usize {
    let mut asking = JoinSet::new();
    let paths = [
        "/v1/events/aurora-live/queue/me",
        "/v1/events/aurora-live/board",
    ];
    for token in tokens {
        let requests: Vec<_> = (0..3)
            .flat_map(|room| paths.map(|path| cluster.ask(room, Method::GET, path)))
            .map(|request| request.bearer_auth(token))
            .collect();
        asking.spawn(async move {
            let mut asked = 0;
            for _ in 0..3 {
                for request in &requests {
                    let answer = request.try_clone().unwrap().send().await.unwrap();
                    assert_eq!(answer.status(), StatusCode::OK);
                    asked += 1;
                }
            }
            asked
        });
    }
    asking.join_all().await.into_iter().sum()
}

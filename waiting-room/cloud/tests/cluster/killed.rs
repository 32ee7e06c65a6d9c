//! `kill -9`.

use std::time::Duration;

use test_backends::RedisServer;
use test_crowd::{Failure, Service};
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, Plan},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_are_noticed_by_no_fan_other_than_as_one_retried_request() {
    let redis = RedisServer::start();
    let mut cluster = Cluster::start(Plan::new("killed", redis.port()).await).await;
    let (record, fans) = cluster.open_to(&CROWD);

    cluster.admitted(&record, 40).await;
    cluster.waiting_rooms[1].kill();
    sleep(Duration::from_secs(1)).await;
    cluster.checkouts[0].kill();
    cluster.fulfilments[0].kill();
    sleep(Duration::from_secs(3)).await;
    // A checkout that starts finds the public keys though one waiting room is gone.
    cluster.checkouts[0].restart();
    cluster.checkouts[0].ready(&cluster.client).await;
    cluster.waiting_rooms[1].restart();
    cluster.fulfilments[0].restart();
    cluster.waiting_rooms[1].ready(&cluster.client).await;
    // Whom the first kill made try again is through, and not hit by both.
    sleep(Duration::from_secs(3)).await;
    cluster.waiting_rooms[2].kill();
    sleep(Duration::from_secs(2)).await;
    cluster.waiting_rooms[2].restart();
    fans.join_all().await;

    let record = record.lock().await;
    assert_invariants(&cluster, &record, &CROWD, 50).await;
    let out_of_order = record.called_out_of_order();
    assert!(out_of_order.is_empty(), "{out_of_order:?}");
    assert!(
        record.retried(Service::WaitingRoom) > 0,
        "nobody noticed, which proves nothing"
    );
    for service in [Service::WaitingRoom, Service::Checkout] {
        for streak in record.streaks_at(service) {
            // What the emulator is too slow for is another matter.
            let mut lost = streak.failures.clone();
            lost.retain(|failure| *failure != Failure::Unavailable);
            assert!(lost.len() <= 1, "{streak:?}");
        }
    }
    tell("processes killed", &record, assert_busy(&record, ..));
}

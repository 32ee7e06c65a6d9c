//! A replica takes over that has missed the last writes.

use std::time::{Duration, Instant};

use test_backends::{Proxy, RedisServer};
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, Plan, SOON},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

/// For how long the replica gets nothing before it takes over.
const LAG: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_replica_that_lags_costs_nobody_a_place_and_opens_no_second_door() {
    let (mut primary, replica) = (RedisServer::start(), RedisServer::start());
    let line = Proxy::to(primary.port());
    replica.command(&format!("REPLICAOF 127.0.0.1 {}", line.port()));
    let address = Proxy::to(primary.port());
    let cluster = Cluster::start(Plan::new("failover", address.port()).await).await;
    let (record, fans) = cluster.open_to(&CROWD);

    cluster.admitted(&record, 40).await;
    is_followed(&primary).await;
    let epoch = cluster.figures(0).await["epoch"].as_u64();
    line.refuse();
    let before = record.lock().await.admitted.len();
    sleep(LAG).await;
    let forgotten = record.lock().await.admitted.len() - before;
    record.lock().await.losses.push(Instant::now());
    let failed_at = service_kit::now().as_micros();
    primary.kill();
    replica.command("REPLICAOF NO ONE");
    address.switch_to(replica.port());
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| figures["epoch"].as_u64() > epoch)
            .await;
    }
    fans.join_all().await;

    let record = record.lock().await;
    assert!(forgotten > 10, "only {forgotten} admissions were forgotten");
    assert_invariants(&cluster, &record, &CROWD, 50).await;
    let share = assert_busy(&record, failed_at..);
    tell(
        &format!("failover, {forgotten} admissions forgotten"),
        &record,
        share,
    );
}

/// Until a replica of `primary` is up to date.
async fn is_followed(primary: &RedisServer) {
    let begun = Instant::now();
    while !primary.command("INFO replication").contains("state=online") {
        assert!(begun.elapsed() < SOON, "the replica does not catch up");
        sleep(Duration::from_millis(50)).await;
    }
}

//! Redis forgets everything.

use std::time::Instant;

use test_backends::RedisServer;
use test_crowd::SharedRecord;

use crate::{
    cluster::{Cluster, Plan},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

/// The store has lost the queue: waits until all waiting rooms recover, then until they admit again.
/// Tells when it was lost.
async fn recovered(cluster: &Cluster, record: &SharedRecord, epoch: u64) -> u64 {
    let (before, lost_at) = {
        let record = record.lock().await;
        (record.admitted.len(), service_kit::now().as_micros())
    };
    for room in 0..3 {
        let figures = cluster
            .figures_once(room, |figures| figures["epoch"].as_u64() > Some(epoch))
            .await;
        assert_eq!(figures["phase"], "recovering");
    }
    cluster.admitted(record, before + 80).await;
    lost_at
}

async fn epoch(cluster: &Cluster) -> u64 {
    cluster.figures(0).await["epoch"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_forgets_everything_costs_nobody_a_place() {
    let mut redis = RedisServer::start();
    let cluster = Cluster::start(Plan::new("forgotten", redis.port()).await).await;
    let (record, fans) = cluster.open_to(&CROWD);

    cluster.admitted(&record, 40).await;
    let first_epoch = epoch(&cluster).await;
    record.lock().await.losses.push(Instant::now());
    redis.restart();
    let restarted = recovered(&cluster, &record, first_epoch).await;

    let second_epoch = epoch(&cluster).await;
    record.lock().await.losses.push(Instant::now());
    redis.command("FLUSHALL");
    let flushed = recovered(&cluster, &record, second_epoch).await;
    fans.join_all().await;

    let record = record.lock().await;
    assert_invariants(&cluster, &record, &CROWD, 50).await;
    let share = assert_busy(&record, restarted..flushed);
    tell("Redis restarted empty", &record, share);
    tell("FLUSHALL", &record, assert_busy(&record, flushed..));
}

//! Parameter Store is away.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use test_backends::{Proxy, RedisServer};
use test_crowd::{Crowd, Record};

use crate::{
    cluster::{Cluster, PER_SECOND, Plan, RATE_PER_MINUTE},
    emulated_aws,
    verdict::{CROWD, assert_busy, assert_order_of_calls, assert_orders, tell_at},
};

/// A change is in force everywhere by then.
const IN_FORCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_stay_in_force_while_parameter_store_is_away_and_change_when_it_is_back() {
    let redis = RedisServer::start();
    let ssm = Proxy::to(emulated_aws::port());
    let url = format!("http://127.0.0.1:{}", ssm.port());
    let plan = Plan::new("settings", redis.port())
        .await
        .variable("AWS_ENDPOINT_URL_SSM", url);
    let cluster = Cluster::start(plan).await;
    // One emulator answers for all services, and orders would keep it busier than the settings can wait.
    let crowd = Crowd {
        buyers_in_ten: 1,
        ..CROWD
    };
    let (record, fans) = cluster.open_to(&crowd);

    cluster.admitted(&record, 40).await;
    ssm.refuse();
    for room in 0..3 {
        let figures = cluster
            .figures_once(room, |figures| {
                figures["settings_age_seconds"].as_f64() > Some(6.0)
            })
            .await;
        assert_eq!(figures["rate_per_minute"], RATE_PER_MINUTE);
        assert_eq!(figures["phase"], "admitting");
    }
    let twice = json!({ "admission_rate_per_minute": 2 * RATE_PER_MINUTE });
    let refused = cluster.change_settings(0, twice.clone()).await.status();
    assert!(refused.is_server_error(), "{refused}");
    cluster.admitted(&record, 120).await;

    ssm.switch_to(emulated_aws::port());
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| {
                figures["settings_age_seconds"].as_f64() < Some(4.0)
            })
            .await;
    }
    let changed_at = service_kit::now().as_micros();
    let since = Instant::now();
    assert_eq!(
        cluster.change_settings(1, twice).await.status(),
        StatusCode::OK
    );
    for room in 0..3 {
        cluster
            .figures_once(room, |figures| {
                figures["rate_per_minute"] == 2 * RATE_PER_MINUTE
            })
            .await;
    }
    let in_force = since.elapsed();
    assert!(in_force < IN_FORCE, "in force after {in_force:?}");
    fans.join_all().await;

    let record = record.lock().await;
    record.assert_fair(&crowd, 2 * PER_SECOND);
    let most = record.most_in_ten_seconds_of(..changed_at);
    assert!(
        most <= Record::allowed_in_ten_seconds(PER_SECOND),
        "{most}: {}",
        record.course()
    );
    assert_order_of_calls(&record);
    assert_orders(&cluster, &record, 50).await;
    let before = assert_busy(&record, ..changed_at);
    let fault = format!("Parameter Store away, then twice the rate in force after {in_force:.1?}");
    tell_at(2 * PER_SECOND, &fault, &record, before);
}

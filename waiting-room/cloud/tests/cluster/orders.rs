//! What lies between checkout and fulfilment misbehaves.

use std::time::Duration;

use serde_json::json;
use test_backends::RedisServer;
use test_crowd::{Crowd, SharedRecord};
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, Plan, event},
    emulated_aws,
    throttle::Throttle,
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

/// For how long DynamoDB refuses every other request.
const THROTTLED: Duration = Duration::from_secs(10);

const STOCK: u64 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_settle_once_though_messages_come_twice_and_backwards_and_dynamodb_throttles() {
    let redis = RedisServer::start();
    let dynamodb = Throttle::before(emulated_aws::port()).await;
    let plan = Plan::new("orders", redis.port())
        .await
        .event(event("", STOCK))
        .variable("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url());
    let cluster = Cluster::start(plan).await;
    // The emulator is no DynamoDB: more than this and it is what is tested.
    let crowd = Crowd {
        fans: 300,
        buyers_in_ten: 2,
        ..CROWD
    };
    let (record, fans) = cluster.open_to(&crowd);

    cluster.admitted(&record, 40).await;
    let mut resent = resend_all(&cluster, &record).await;
    cluster.admitted(&record, 70).await;
    dynamodb.throttles(true);
    resent += resend_all(&cluster, &record).await;
    sleep(THROTTLED).await;
    dynamodb.throttles(false);
    fans.join_all().await;
    resent += resend_all(&cluster, &record).await;

    let record = record.lock().await;
    assert_invariants(&cluster, &record, &crowd, STOCK).await;
    let (refused, resent_enough) = (dynamodb.refused(), resent > record.accepted.len());
    assert!(
        refused > 20 && resent_enough,
        "{refused} throttled, {resent} sent again"
    );
    let fault = format!(
        "{resent} messages again and backwards, {refused} requests throttled in {THROTTLED:?}"
    );
    tell(&fault, &record, assert_busy(&record, ..));
}

/// Puts all orders there are on the queue once more, the latest first. Tells how many these were.
async fn resend_all(cluster: &Cluster, record: &SharedRecord) -> usize {
    let orders = record.lock().await.accepted.clone();
    let (sqs, queue) = (
        cluster.aws.sqs(),
        cluster.aws.variable("WAITING_ROOM_ORDER_QUEUE_URL"),
    );
    for order in orders.iter().rev() {
        let message = json!({ "order": order, "event": "aurora-live" });
        let sent = sqs
            .send_message()
            .queue_url(queue)
            .message_body(message.to_string());
        sent.send().await.unwrap();
    }
    orders.len()
}

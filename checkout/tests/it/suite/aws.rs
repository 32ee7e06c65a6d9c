//! DynamoDB and SQS, as `moto` plays them.

pub mod wire;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use checkout::{
    OrderQueue, OrderStore, QueuePolicy,
    aws::{DynamoOrderStore, OrderQueueUrls, SqsOrderQueue, create_queues, create_table},
};
use test_backends::Moto;

use self::wire::Wire;
use super::Backend;

/// A table and queues of its own.
pub struct Aws {
    table: String,
    urls: OrderQueueUrls,
    store: Arc<DynamoOrderStore>,
    queue: Arc<SqsOrderQueue>,
}

#[async_trait]
impl Backend for Aws {
    // SQS counts whole seconds.
    const POLICY: QueuePolicy = QueuePolicy {
        visibility: Duration::from_secs(2),
        most_receives: 3,
    };
    const KNOWS_ITS_MESSAGES: bool = false;

    async fn fresh() -> Self {
        let table = fresh_table().await;
        let urls = fresh_queues(Self::POLICY).await;
        Self::open(table, urls).await
    }

    fn store(&self) -> Arc<dyn OrderStore> {
        self.store.clone()
    }

    fn queue(&self) -> Arc<dyn OrderQueue> {
        self.queue.clone()
    }

    async fn restart(self) -> Self {
        Self::open(self.table, self.urls).await
    }
}

impl Aws {
    async fn open(table: String, urls: OrderQueueUrls) -> Self {
        let queue = SqsOrderQueue::open(sqs(&Wire::new()), urls.clone()).await;
        let queue = queue.unwrap();
        assert_eq!(queue.policy(), Self::POLICY);
        queue.check().await.unwrap();
        Self {
            store: Arc::new(store(&table, &Wire::new())),
            table,
            urls,
            queue,
        }
    }
}

/// A new table's name.
pub async fn fresh_table() -> String {
    let table = fresh_name("orders");
    create_table(&dynamo(&Wire::new()), &table).await.unwrap();
    table
}

pub async fn fresh_queues(policy: QueuePolicy) -> OrderQueueUrls {
    let client = sqs(&Wire::new());
    create_queues(&client, &fresh_name("orders"), policy)
        .await
        .unwrap()
}

/// A store in `table`, as another process would open it, whose requests go over `wire`.
pub fn store(table: &str, wire: &Wire) -> DynamoOrderStore {
    DynamoOrderStore::new(dynamo(wire), table)
}

pub fn dynamo(wire: &Wire) -> aws_sdk_dynamodb::Client {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    let moto = MOTO.get_or_init(Moto::start);
    aws_sdk_dynamodb::Client::new(&config(moto, &wire.one_by_one()))
}

pub fn sqs(wire: &Wire) -> aws_sdk_sqs::Client {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    aws_sdk_sqs::Client::new(&config(MOTO.get_or_init(Moto::start), wire))
}

/// A name that no other test uses.
pub fn fresh_name(kind: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{kind}-{}", COUNT.fetch_add(1, Ordering::SeqCst))
}

fn config(moto: &Moto, wire: &Wire) -> SdkConfig {
    // Patient, as all tests share one emulator.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(40))
        .build();
    let retries = RetryConfig::standard().with_max_attempts(wire.attempts());
    let retries = retries.with_initial_backoff(Duration::from_millis(10));
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(moto.url())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retries)
        .timeout_config(timeouts)
        .http_client(wire.clone())
        .build()
}

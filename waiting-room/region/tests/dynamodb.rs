//! The control item in DynamoDB, against a real emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::Credentials,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use test_backends::Moto;
use waiting_room_region::{Control, ControlItem, ControlSource, Region, WriteError};

static MOTO: LazyLock<Moto> = LazyLock::new(Moto::start);

struct Bench {
    client: Client,
    table: String,
    item: ControlItem,
}

impl Bench {
    async fn new() -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_secs(60))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(MOTO.url())
            .region(aws_config::Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .timeout_config(timeouts)
            .load()
            .await;
        let client = Client::new(&config);
        let table = format!("orders-{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let key = AttributeDefinition::builder()
            .attribute_name("pk")
            .attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder()
            .attribute_name("pk")
            .key_type(KeyType::Hash);
        client
            .create_table()
            .table_name(&table)
            .attribute_definitions(key.build().unwrap())
            .key_schema(schema.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
        Self {
            item: ControlItem::new(client.clone(), &table),
            client,
            table,
        }
    }

    async fn read(&self) -> Control {
        self.item.read().await.unwrap().unwrap()
    }
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn says(control: &Control) -> (&str, u64, u8) {
    (
        control.active.as_str(),
        control.epoch,
        control.percent.number(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_goes_from_region_to_region_and_the_epoch_never_falls() {
    let bench = Bench::new().await;
    assert_eq!(bench.item.read().await.unwrap(), None);
    let first = bench.item.fence(&region("west"), None).await.unwrap();
    assert_eq!(says(&first), ("west", 1, 0));
    assert_eq!(bench.read().await, first);
    for percent in [25, 50, 100] {
        let percent = percent.try_into().unwrap();
        let admitted = bench.item.admit(&region("west"), 1, percent).await.unwrap();
        assert_eq!(bench.read().await, admitted);
    }
    let known = bench.read().await;
    let second = bench.item.fence(&region("east"), Some(&known)).await;
    assert_eq!(says(&second.unwrap()), ("east", 2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_fail_over_at_once_one_is_told_that_the_other_has() {
    let bench = Bench::new().await;
    let known = bench.item.fence(&region("west"), None).await.unwrap();
    let (west, east) = (region("west"), region("east"));
    let (to_west, to_east) = tokio::join!(
        bench.item.fence(&west, Some(&known)),
        bench.item.fence(&east, Some(&known))
    );
    assert_ne!(to_west.is_ok(), to_east.is_ok());
    let lost = to_west.err().or(to_east.err()).unwrap();
    let now = bench.read().await;
    assert!(
        matches!(&lost, WriteError::Changed(Some(found)) if *found == now),
        "{lost}"
    );
    assert_eq!(now.epoch, 2);
    let late = bench.item.fence(&east, None).await;
    assert!(matches!(late, Err(WriteError::Changed(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_write_stands_and_an_overtaken_one_does_not() {
    let bench = Bench::new().await;
    let (west, east) = (region("west"), region("east"));
    let known = bench.item.fence(&west, None).await.unwrap();
    let fenced = bench.item.fence(&east, Some(&known)).await.unwrap();
    assert_eq!(bench.item.fence(&east, Some(&known)).await.unwrap(), fenced);

    let percent = |number: u64| number.try_into().unwrap();
    bench.item.admit(&east, 2, percent(50)).await.unwrap();
    let late = bench.item.admit(&east, 2, percent(25)).await.unwrap();
    assert_eq!(says(&late), ("east", 2, 50), "it does not fall");
    for (to, epoch) in [(&west, 2), (&east, 1), (&east, 3)] {
        let overtaken = bench.item.admit(to, epoch, percent(100)).await;
        assert!(matches!(overtaken, Err(WriteError::Changed(_))));
    }
    assert_eq!(says(&bench.read().await), ("east", 2, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_control_item_is_not_taken_for_one() {
    let bench = Bench::new().await;
    let put = bench.client.put_item().table_name(&bench.table);
    put.item("pk", AttributeValue::S("control#region".to_owned()))
        .item("active", AttributeValue::S("west".to_owned()))
        .send()
        .await
        .unwrap();
    assert!(bench.item.read().await.is_err());
}

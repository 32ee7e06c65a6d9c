//! The catalogue in DynamoDB, against a real emulator: it holds what the events file says, and refuses
//! what the events file's rules refuse.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{Client, config::Credentials, types::AttributeValue};
use test_backends::Moto;
use waiting_room_catalogue::{Catalogue, DynamoCatalogue, DynamoCatalogueError, Loaded, Others};
use waiting_room_core::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

const OFFER: &str = r#"
  [[event.offer]]
  id = "standing"
  name = "Standing"
  price_cents = 4500
  currency = "EUR"
  stock = 5000
  max_per_order = 4
"#;

/// Everything an event can say, and one that says the least.
fn both() -> String {
    let seats = OFFER.replace("standing", "seat").replace("4500", "0");
    let all = r#"
        [[event]]
        id = "zebra-live"
        name = "Zebra, „live“ at the Arena"
        venue = "Arena, Porto"
        starts_at = "2027-06-12T20:00:00Z"
        opens_at = 2026-11-21T09:30:00Z
        on_sale_at = "2026-11-21T10:00:00.123456+00:00"
        closes_at = "2026-11-22T10:00:00Z"
        admission_rate_per_minute = 900
        max_active_sessions = 20
        session_seconds = 300
        call_window_seconds = 60
        checkout_url = "https://shop.example/checkout?x=1"
    "#;
    format!("{all}{OFFER}{seats}{}", least("aurora-live"))
}

fn least(id: &str) -> String {
    format!("[[event]]\nid = \"{id}\"\nname = \"The least\"\n{OFFER}")
}

/// A table of one's own.
struct Bench {
    client: Client,
    table: String,
    catalogue: DynamoCatalogue,
}

impl Bench {
    async fn new() -> Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_secs(60))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(MOTO.get_or_init(Moto::start).url())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            // The emulator takes long over a megabyte on a loaded machine.
            .timeout_config(timeouts)
            .load()
            .await;
        let client = Client::new(&config);
        let table = format!("events-{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let catalogue = DynamoCatalogue::new(client.clone(), &table);
        catalogue.create_table().await.unwrap();
        Self {
            client,
            table,
            catalogue,
        }
    }

    async fn load(&self, text: &str) -> Loaded {
        let loaded = self.catalogue.load(text, NOW, Others::Keep).await;
        loaded.unwrap()
    }

    async fn item(&self, id: &str) -> HashMap<String, AttributeValue> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key("event", AttributeValue::S(id.to_owned()));
        get.send().await.unwrap().item.unwrap()
    }

    /// What an operator does to an event in the console.
    async fn set(&self, id: &str, name: &str, value: AttributeValue) {
        let mut item = self.item(id).await;
        item.insert(name.to_owned(), value);
        let put = self.client.put_item().table_name(&self.table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    async fn ids(&self) -> Vec<String> {
        let catalogue = self.catalogue.read().await.unwrap();
        let ids = catalogue.events().iter().map(|event| event.id.to_string());
        ids.collect()
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn what_was_loaded_is_what_the_file_says_in_its_order() {
    let bench = Bench::new().await;
    let file = Catalogue::parse(&both(), NOW).unwrap();
    let loaded = bench.load(&both()).await;
    assert_eq!(loaded.written, ["zebra-live", "aurora-live"]);
    assert_eq!(bench.catalogue.read().await.unwrap(), file);
}

#[tokio::test]
async fn an_event_without_times_is_on_sale_from_its_first_load_on() {
    let bench = Bench::new().await;
    bench.load(&both()).await;
    let later = NOW + Duration::from_secs(3_600);
    let again = bench.catalogue.load(&both(), later, Others::Keep).await;
    assert!(again.is_ok());
    let file = Catalogue::parse(&both(), NOW).unwrap();
    assert_eq!(bench.catalogue.read().await.unwrap(), file);
}

#[tokio::test]
async fn a_file_with_any_mistake_changes_nothing() {
    let bench = Bench::new().await;
    bench.load(&both()).await;
    let before = bench.catalogue.read().await.unwrap();
    let wrong = format!("{}{}", least("new"), least("Not A Slug"));
    for wrong in [&*wrong, "", "[[event]"] {
        let loaded = bench.catalogue.load(wrong, NOW, Others::Remove).await;
        assert!(matches!(loaded, Err(DynamoCatalogueError::Events(_))));
        assert_eq!(bench.catalogue.read().await.unwrap(), before);
    }
}

#[tokio::test]
async fn events_that_the_file_has_no_more_go_only_when_asked_to() {
    let bench = Bench::new().await;
    bench.load(&both()).await;
    let file = least("new");
    let loaded = bench.load(&file).await;
    assert_eq!(loaded.kept, ["aurora-live", "zebra-live"]);
    assert_eq!(bench.ids().await.len(), 3);
    let loaded = bench.catalogue.load(&file, NOW, Others::Remove);
    assert_eq!(loaded.await.unwrap().removed, ["aurora-live", "zebra-live"]);
    assert_eq!(bench.ids().await, ["new"]);
}

#[tokio::test]
async fn an_item_reads_as_the_file_does_and_can_be_mended_in_the_console() {
    let bench = Bench::new().await;
    bench.load(&both()).await;
    let item = bench.item("zebra-live").await;
    assert_eq!(item["venue"], text("Arena, Porto"));
    assert_eq!(item["session_seconds"], AttributeValue::N("300".to_owned()));
    assert_eq!(item["on_sale_at"], text("2026-11-21T10:00:00.123456Z"));
    bench.set("zebra-live", "venue", text("Coliseu")).await;
    bench
        .set("zebra-live", "closes_at", AttributeValue::Null(true))
        .await;
    let catalogue = bench.catalogue.read().await.unwrap();
    let event = &catalogue.events()[0];
    assert_eq!(event.venue.as_deref(), Some("Coliseu"));
    assert_eq!(event.schedule.closes_at, None);
}

#[tokio::test]
async fn everything_that_is_wrong_in_the_table_is_told_at_once() {
    let bench = Bench::new().await;
    bench.load(&both()).await;
    let number = |number: &str| AttributeValue::N(number.to_owned());
    let mend = bench.item("zebra-live").await;
    bench
        .set("zebra-live", "max_active_sessions", number("0"))
        .await;
    bench.set("zebra-live", "closes_at", text("tomorrow")).await;
    bench
        .set("aurora-live", "on_sale_at", AttributeValue::Null(true))
        .await;
    let error = bench.catalogue.read().await.unwrap_err().to_string();
    for wrong in [
        "event zebra-live: max_active_sessions",
        "event zebra-live: closes_at",
        "event aurora-live: on_sale_at",
    ] {
        assert!(error.contains(wrong), "{wrong}: {error}");
    }
    for (name, value) in [
        ("colour", text("red")),
        ("session_seconds", number("60.5")),
        ("session_seconds", text("60")),
        ("name", AttributeValue::Bool(true)),
        ("offer", AttributeValue::L(Vec::new())),
    ] {
        let put = bench.client.put_item().table_name(&bench.table);
        put.set_item(Some(mend.clone())).send().await.unwrap();
        bench.set("zebra-live", name, value).await;
        let error = bench.catalogue.read().await.unwrap_err().to_string();
        assert!(error.contains("event zebra-live"), "{name}: {error}");
    }
    bench.load(&both()).await;
    assert_eq!(bench.ids().await, ["zebra-live", "aurora-live"]);
}

#[tokio::test]
async fn more_events_than_one_answer_holds_are_all_read() {
    let bench = Bench::new().await;
    // An answer holds a megabyte.
    let long = "x".repeat(200);
    let offers: String = (0..50)
        .map(|n| {
            OFFER
                .replace("\"standing\"", &format!("\"o-{n}\""))
                .replace("Standing", &long)
        })
        .collect();
    let events: String = (0..80)
        .map(|n| format!("[[event]]\nid = \"event-{n:03}\"\nname = \"Big\"\n{offers}"))
        .collect();
    let loaded = bench.load(&events).await;
    assert_eq!(bench.ids().await, loaded.written);
    let page = bench.client.scan().table_name(&bench.table).send().await;
    assert!(page.unwrap().last_evaluated_key.is_some());
}

#[tokio::test]
async fn an_empty_or_missing_table_is_an_error_and_creating_one_twice_is_none() {
    let bench = Bench::new().await;
    bench.catalogue.create_table().await.unwrap();
    let empty = bench.catalogue.read().await.unwrap_err().to_string();
    assert!(empty.contains(&bench.table), "{empty}");
    let nowhere = DynamoCatalogue::new(bench.client.clone(), "nowhere");
    assert!(matches!(
        nowhere.read().await,
        Err(DynamoCatalogueError::Table { .. })
    ));
}

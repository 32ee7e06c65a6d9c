//! Placing in DynamoDB while the process dies, stalls, or the network loses answers: an order is placed
//! once or not at all.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use checkout::{Order, OrderId, OrderStore, PlaceError};
use futures_util::future::join_all;
use waiting_room_core::Timestamp;

use crate::suite::{
    aws::{dynamo, fresh_table, store, wire::Wire},
    samples::{NOW, event_id, key, order, stock, ticket},
};

/// Long after all orders were placed.
const MUCH_LATER: Timestamp = Timestamp::from_seconds(1_795_250_600);

/// More requests than placing makes.
const ALL: u8 = 12;

/// The orders and drafts that are in `table`.
async fn all_records(table: &str) -> Vec<String> {
    let scanned = dynamo(&Wire::new())
        .scan()
        .table_name(table)
        .filter_expression("begins_with(pk, :order)")
        .expression_attribute_values(":order", AttributeValue::S("order#".to_owned()))
        .send()
        .await
        .unwrap();
    let items = scanned.items().iter();
    items
        .map(|item| item["pk"].as_s().unwrap().clone())
        .collect()
}

fn record_of(id: OrderId) -> String {
    format!("order#{id}")
}

/// The process dies at each request that placing makes; the fan tries again, or does not.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_once_or_not_at_all_wherever_the_process_dies() {
    let table = fresh_table().await;
    let attempts = (0..2 * ALL).map(|n| {
        let table = &table;
        async move {
            let wire = Wire::dies(usize::from(n / 2), n % 2 == 1);
            let first = order(n, "standing", 1);
            let placed = store(table, &wire).place(first.clone(), key("a")).await;
            let worker = store(table, &Wire::new());
            let named = worker.latest_order(&event_id(), ticket(n)).await.unwrap();
            assert!(placed.is_err() || named.is_some());
            assert_eq!(worker.order(first.id).await.unwrap(), named);
            if n % 3 == 0 {
                let again = order(n, "standing", 1);
                let again = worker.place(again, key("a")).await.unwrap();
                assert_eq!(again.new, named.is_none());
                return (placed.is_err(), Some(again.order.id));
            }
            (placed.is_err(), named.map(|order| order.id))
        }
    });
    let attempts = join_all(attempts).await;
    // Ticket, session, draft, name.
    assert!(attempts.iter().filter(|(died, _)| *died).count() >= 2 * 4);
    assert!(!attempts[usize::from(2 * ALL) - 1].0);
    let mut expected: Vec<OrderId> = attempts.iter().filter_map(|(_, id)| *id).collect();
    expected.sort_unstable();

    let sweeper = store(&table, &Wire::new());
    let pending = sweeper.pending(MUCH_LATER, None, 1_000).await.unwrap();
    let found: Vec<OrderId> = pending.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, expected);
    let mut records = all_records(&table).await;
    let mut expected: Vec<String> = expected.into_iter().map(record_of).collect();
    records.sort();
    expected.sort();
    assert_eq!(records, expected, "a draft was left");
}

/// Placing stands still before each of its requests, while the sweeper takes its draft for abandoned.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_order_is_not_lost_to_the_sweeper() {
    let table = fresh_table().await;
    for n in 0..6_u8 {
        let wire = Wire::pauses(usize::from(n));
        let wanted = order(n, "standing", 1);
        let placing = {
            let (store, wanted) = (store(&table, &wire), wanted.clone());
            tokio::spawn(async move { store.place(wanted, key("a")).await.unwrap() })
        };
        while wire.requests() <= usize::from(n) && !placing.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let other = store(&table, &Wire::new());
        other.pending(MUCH_LATER, None, 1_000).await.unwrap();
        wire.resume();
        let placed = placing.await.unwrap();
        assert!(placed.new);
        assert_eq!(other.order(wanted.id).await.unwrap(), Some(wanted));
    }
    let other = store(&table, &Wire::new());
    let pending = other.pending(MUCH_LATER, None, 1_000).await.unwrap();
    assert_eq!(pending.len(), 6);
    assert_eq!(all_records(&table).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_orders_of_a_ticket_at_once_place_one() {
    let table = fresh_table().await;
    let stores = [&Wire::new(), &Wire::loses_every(3)].map(|wire| Arc::new(store(&table, wire)));
    let attempts = (0..8).map(|n| {
        let store = stores[n % 2].clone();
        async move {
            store
                .place(order(1, "standing", 1), key(&format!("key-{n}")))
                .await
        }
    });
    let answers = join_all(attempts).await;
    let placed: Vec<&Order> = answers
        .iter()
        .flatten()
        .map(|placed| &placed.order)
        .collect();
    assert_eq!(placed.len(), 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let PlaceError::AlreadyBought { order } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(*order, placed[0].id);
    }
    assert_eq!(all_records(&table).await, [record_of(placed[0].id)]);
    // Only what is settled as refused lets the ticket buy again.
    let settled = stores[0]
        .settle(placed[0].id, &stock(0, 5), NOW)
        .await
        .unwrap();
    assert_eq!(settled.order.state.as_str(), "refused");
    let next = stores[0]
        .place(order(1, "seat", 1), key("next"))
        .await
        .unwrap();
    assert!(next.new);
}

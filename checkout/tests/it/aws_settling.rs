//! Settling in DynamoDB while workers die, stall, race, and the network loses answers: never oversold,
//! nothing leaks, each order is settled once.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use checkout::{
    BackendError, Order, OrderId, OrderState, OrderStore, SessionLedger, SettleError, Settlement,
    Stock, aws::DynamoOrderStore,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use waiting_room_catalogue::Catalogue;
use waiting_room_core::{EventId, Timestamp};

use crate::suite::{
    aws::{dynamo, fresh_table, store, wire::Wire},
    samples::{NOW, key, order, order_of, seat},
};

const LATER: Timestamp = Timestamp::from_seconds(1_795_250_002);

/// More requests than a call ever makes.
const ALL: usize = 24;

/// An event of its own in a table, and how much of it there is.
struct Sale {
    table: String,
    event: EventId,
    stock: Stock,
}

impl Sale {
    /// Event number `n` of `table`.
    fn new(table: &str, n: usize, standing: u32, seats: u32) -> Self {
        let text = format!(
            r#"
            [[event]]
            id = "event-{n}"
            name = "Event"
            offer = [
              {{ id = "standing", name = "Standing", price_cents = 1, currency = "EUR", stock = {standing}, max_per_order = 4 }},
              {{ id = "seat", name = "Seat", price_cents = 1, currency = "EUR", stock = {seats}, max_per_order = 4 }},
            ]"#
        );
        let catalogue = Catalogue::parse(&text, NOW).unwrap();
        Self {
            table: table.to_owned(),
            event: catalogue.events()[0].id.clone(),
            stock: Stock::of(&catalogue.events()[0]),
        }
    }

    /// A process that works.
    fn worker(&self) -> DynamoOrderStore {
        store(&self.table, &Wire::new())
    }

    async fn placed(&self, mut order: Order) -> OrderId {
        order.event = self.event.clone();
        let id = order.id;
        let placed = self.worker().place(order, key("a")).await.unwrap();
        assert!(placed.new);
        id
    }

    async fn settle(
        &self,
        worker: &DynamoOrderStore,
        id: OrderId,
    ) -> Result<Settlement, SettleError> {
        worker.settle(id, &self.stock, LATER).await
    }

    /// Asserts that nothing is under way any more, and that so much is sold.
    async fn is_settled(&self, standings: u64, seats: u64) {
        let ledger = self.ledger().await;
        let sold = |offer| ledger["sold"][offer].as_u64().unwrap_or(0);
        assert_eq!((sold("standing"), sold("seat")), (standings, seats));
        assert_eq!(ledger["open"], json!({}), "{ledger}");
    }

    /// The ledger as it is stored; null when there is none.
    async fn ledger(&self) -> Value {
        let key = AttributeValue::S(format!("ledger#{}", self.event));
        let table = dynamo(&Wire::new());
        let read = table.get_item().table_name(&self.table).key("pk", key);
        match read.send().await.unwrap().item {
            Some(item) => serde_json::from_str(item["body"].as_s().unwrap()).unwrap(),
            None => Value::Null,
        }
    }
}

fn confirmed(settlement: &Settlement) -> bool {
    matches!(settlement.order.state, OrderState::Confirmed { .. })
}

/// A worker dies at each request that settling makes, before and after it was done; then the message comes
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_dead_worker_left_the_next_one_finishes() {
    let table = fresh_table().await;
    let deaths = (0..ALL).map(|n| {
        let sale = Sale::new(&table, n, 2, 1);
        async move {
            let id = sale
                .placed(order_of(1, &[("standing", 2), ("seat", 1)]))
                .await;
            let wire = Wire::dies(n / 2, n % 2 == 1);
            let first = sale.settle(&store(&sale.table, &wire), id).await;
            let died = wire.requests() > n / 2;
            assert_eq!(first.is_err(), died);
            let again = sale.settle(&sale.worker(), id).await.unwrap();
            assert!(confirmed(&again) && again.ends_session);
            assert!(first.is_err() || !again.new);
            assert!(sale.worker().has_ended(again.order.session).await.unwrap());
            sale.is_settled(2, 1).await;
            died
        }
    });
    let died = join_all(deaths).await;
    // All of its requests were tried: reads, ruling, carrying out, ending the session, closing.
    assert!(died.iter().filter(|died| **died).count() >= 2 * 7);
    assert!(!died[ALL - 1]);
}

/// The same, and somebody else wants the same last places before the message comes again.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_places_that_a_dead_worker_held_go_to_exactly_one() {
    let table = fresh_table().await;
    let deaths = (0..2 * 9).map(|n| {
        let sale = Sale::new(&table, n, 2, 1);
        async move {
            let dead = sale
                .placed(order_of(1, &[("standing", 2), ("seat", 1)]))
                .await;
            let rival = sale.placed(order_of(2, &[("standing", 2)])).await;
            let wire = Wire::dies(n / 2, n % 2 == 1);
            let _ = sale.settle(&store(&sale.table, &wire), dead).await;
            let worker = sale.worker();
            let rival = sale.settle(&worker, rival).await.unwrap();
            let dead = sale.settle(&worker, dead).await.unwrap();
            assert!(rival.new);
            assert_ne!(confirmed(&rival), confirmed(&dead), "after {n}");
            let seats = u64::from(confirmed(&dead));
            sale.is_settled(2, seats).await;
        }
    });
    join_all(deaths).await;
}

/// The same, and nobody comes but the sweeper.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_finishes_what_a_dead_worker_left() {
    let table = fresh_table().await;
    let deaths = (0..2 * 9).map(|n| {
        let sale = Sale::new(&table, n, 2, 1);
        async move {
            let id = sale.placed(order(1, "standing", 2)).await;
            let wire = Wire::dies(n / 2, n % 2 == 1);
            let _ = sale.settle(&store(&sale.table, &wire), id).await;
            let sweeper = sale.worker();
            loop {
                sweeper.finish_half_done(&sale.event).await.unwrap();
                let ledger = sale.ledger().await;
                if ledger.is_null() || ledger["open"] == json!({}) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // What is still pending gets a message.
            sale.settle(&sweeper, id).await.unwrap();
            let settled = sweeper.order(id).await.unwrap().unwrap();
            assert_eq!(settled.state.as_str(), "confirmed");
            sale.is_settled(2, 0).await;
        }
    });
    join_all(deaths).await;
}

/// A worker stands still before each of its requests while another settles the order to the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_paused_changes_nothing_that_others_did() {
    let table = fresh_table().await;
    let pauses = (0..ALL / 2).map(|n| {
        let sale = Sale::new(&table, n, 9, 9);
        async move {
            let id = sale
                .placed(order_of(1, &[("standing", 2), ("seat", 1)]))
                .await;
            let wire = Wire::pauses(n);
            let slow = Arc::new(store(&sale.table, &wire));
            let (worker, stock) = (slow.clone(), sale.stock.clone());
            let slow = tokio::spawn(async move { worker.settle(id, &stock, LATER).await.unwrap() });
            while wire.requests() <= n && !slow.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let at = LATER + Duration::from_secs(9);
            let fast = sale.worker().settle(id, &sale.stock, at).await.unwrap();
            wire.resume();
            let slow = slow.await.unwrap();
            assert_eq!(slow.order, fast.order);
            assert!(slow.new != fast.new, "pause {n}: {} {}", slow.new, fast.new);
            assert!(confirmed(&slow) && slow.ends_session && fast.ends_session);
            sale.is_settled(2, 1).await;
            let ledger = sale.ledger().await;
            assert_eq!(
                (&ledger["confirmed"], &ledger["refused"]),
                (&json!(1), &json!(0))
            );
        }
    });
    join_all(pauses).await;
}

/// A message takes too long, so its work is given up at each of its requests, and comes again to the same
/// process.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_halfway_is_finished_by_the_next_try() {
    let table = fresh_table().await;
    let tries = (0..9).map(|n| {
        let sale = Sale::new(&table, n, 2, 1);
        async move {
            let id = sale
                .placed(order_of(1, &[("standing", 2), ("seat", 1)]))
                .await;
            let wire = Wire::pauses(n);
            let worker = Arc::new(store(&sale.table, &wire));
            let given_up = {
                let (worker, stock) = (worker.clone(), sale.stock.clone());
                tokio::spawn(async move { worker.settle(id, &stock, LATER).await })
            };
            while wire.requests() <= n && !given_up.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            given_up.abort();
            wire.resume();
            let settled = sale.settle(&worker, id).await.unwrap();
            assert!(confirmed(&settled) && settled.ends_session);
            sale.is_settled(2, 1).await;
        }
    });
    join_all(tries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_sell_all_there_is_and_refuse_only_what_does_not_fit() {
    let sale = Sale::new(&fresh_table().await, 0, 26, 3);
    let placed = (0..20_u8).map(|n| {
        let seats = n % 5 == 0;
        let offer = if seats { "seat" } else { "standing" };
        let most = if seats { 2 } else { 4 };
        sale.placed(order(n, offer, i64::from(n % most) + 1))
    });
    let ids = join_all(placed).await;
    // The third loses every fourth answer, more than the SDK makes up for; the last dies on the way.
    let wires = [
        Wire::new(),
        Wire::new(),
        Wire::loses_every(4),
        Wire::dies(40, true),
    ];
    let workers: Vec<_> = wires.iter().map(|wire| store(&sale.table, wire)).collect();
    let work = workers.iter().map(|worker| {
        let settled = ids.iter().map(|id| sale.settle(worker, *id));
        join_all(settled.collect::<Vec<_>>())
    });
    let settled = join_all(work.collect::<Vec<_>>()).await;
    for result in settled[..2].iter().flatten() {
        result.as_ref().unwrap();
    }
    let worker = sale.worker();
    let (mut standings, mut seats) = (0, 0);
    let mut refused = Vec::new();
    for id in &ids {
        let settlement = sale.settle(&worker, *id).await.unwrap();
        let line = &settlement.order.basket.lines()[0];
        let is_seat = line.offer == seat();
        let quantity = u64::from(line.quantity);
        match (confirmed(&settlement), is_seat) {
            (true, true) => seats += quantity,
            (true, false) => standings += quantity,
            (false, is_seat) => refused.push((is_seat, quantity)),
        }
    }
    sale.is_settled(standings, seats).await;
    assert!(standings <= 26 && seats <= 3);
    assert!(!refused.is_empty());
    for (is_seat, quantity) in refused {
        let left = if is_seat { 3 - seats } else { 26 - standings };
        assert!(quantity > left, "{quantity} refused, {left} left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_are_settled_at_once_share_writes() {
    let sale = Sale::new(&fresh_table().await, 0, 1_000, 0);
    let ids = join_all((0..30).map(|n| sale.placed(order(n, "standing", 1)))).await;
    let wire = Wire::new();
    let worker = store(&sale.table, &wire);
    let settled = join_all(ids.iter().map(|id| sale.settle(&worker, *id))).await;
    assert!(
        settled
            .iter()
            .all(|settled| confirmed(settled.as_ref().unwrap()))
    );
    sale.is_settled(30, 0).await;
    assert!(wire.ledger_writes() < 30, "{}", wire.ledger_writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_recognised_as_a_success() {
    let table = fresh_table().await;
    for n in 2..5 {
        let sale = Sale::new(&table, n, 9, 9);
        let worker = store(&table, &Wire::loses_every(n));
        for fan in 0..3_u8 {
            let mut wanted = order(fan + 10 * u8::try_from(n).unwrap(), "standing", 1);
            wanted.event = sale.event.clone();
            let placed = worker.place(wanted.clone(), key("a")).await.unwrap();
            assert!(placed.new && placed.order == wanted);
            let settled = sale.settle(&worker, wanted.id).await.unwrap();
            assert!(settled.new && confirmed(&settled));
        }
        sale.is_settled(3, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_is_an_error_to_try_again_after() {
    let sale = Sale::new(&fresh_table().await, 0, 2, 0);
    let id = sale.placed(order(1, "standing", 2)).await;
    let worker = store(&sale.table, &Wire::throttles(4));
    let throttled = sale.settle(&worker, id).await;
    let Err(SettleError::Backend(BackendError::Unavailable(cause))) = throttled else {
        panic!("{throttled:?}");
    };
    assert!(cause.to_string().contains("slow down"), "{cause}");
    // One more is throttled, which the SDK gets over.
    let settled = sale.settle(&worker, id).await.unwrap();
    assert!(settled.new && confirmed(&settled));
    sale.is_settled(2, 0).await;
}

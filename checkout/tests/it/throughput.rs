//! How many orders a second the embedded order book takes and settles. A measurement, no rule:
//! `cargo test --release -p checkout -- --ignored --nocapture throughput`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use checkout::{
    Order, OrderId, OrderMessage, OrderQueue, OrderStore, QueuePolicy,
    embedded::OrderBook,
    fulfilment::{self, Fulfilment, Pace},
};
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use waiting_room_core::{SessionId, TicketId};

use crate::suite::{
    gate::RecordingGate,
    samples::{catalogue, event_id, key, order},
};

const ORDERS: usize = 20_000;
const AT_ONCE: usize = 256;

fn fresh_order() -> Order {
    let mut order = order(0, "standing", 2);
    order.placed_at = service_kit::now();
    order.session_expires_at = order.placed_at + Duration::from_secs(600);
    order.id = OrderId::draw(order.placed_at);
    let mut random = *order.id.as_bytes();
    random.reverse();
    order.ticket = TicketId::from_bytes(random);
    order.session = SessionId::from_bytes(random);
    order
}

async fn place(book: &OrderBook) -> Duration {
    let order = fresh_order();
    let started = Instant::now();
    let placed = book.place(order, key("key")).await.unwrap();
    let message = OrderMessage {
        order: placed.order.id,
        event: event_id(),
    };
    book.send(message).await.unwrap();
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    let dir = tempfile::tempdir().unwrap();
    let book = OrderBook::open(dir.path(), QueuePolicy::default()).unwrap();
    let shutdown = CancellationToken::new();
    let catalogue = catalogue(ORDERS as u32, 0);
    let gate = RecordingGate::new();
    let fulfilment = Fulfilment::new(
        &catalogue,
        book.clone(),
        book.clone(),
        gate,
        Pace::default(),
    );
    tokio::spawn(fulfilment::run(fulfilment, shutdown.clone()));

    let started = Instant::now();
    let mut waits: Vec<Duration> = stream::iter(0..ORDERS)
        .map(|_| {
            let book: Arc<OrderBook> = book.clone();
            async move {
                tokio::spawn(async move { place(&book).await })
                    .await
                    .unwrap()
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let placed = started.elapsed();
    while book.depth(&event_id()).await.unwrap().queued > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let settled = started.elapsed();
    waits.sort();
    println!(
        "{:.0} orders/s accepted (half within {:?}, 99 % within {:?}), {:.0} orders/s from \
         placing to settled and acknowledged",
        ORDERS as f64 / placed.as_secs_f64(),
        waits[ORDERS / 2],
        waits[ORDERS * 99 / 100],
        ORDERS as f64 / settled.as_secs_f64(),
    );
    let tally = book.tally(&event_id()).await.unwrap();
    assert_eq!(tally.orders.pending, 0);
    let file = std::fs::metadata(dir.path().join("orders.redb")).unwrap();
    println!("{} bytes an order on disk", file.len() as usize / ORDERS);
}

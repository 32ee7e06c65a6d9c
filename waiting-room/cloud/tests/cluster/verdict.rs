use std::{ops::RangeBounds, time::Duration};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use test_crowd::{Crowd, Record, Service};

use crate::{
    cluster::{Cluster, PER_SECOND},
    instance::Instance,
};

/// Who comes to every on-sale here unless the test says otherwise.
pub(crate) const CROWD: Crowd = Crowd {
    no_shows_in_ten: 3,
    buyers_in_ten: 3,
    arrive_within: Duration::from_secs(8),
    ..Crowd::of(400)
};

/// What holds whatever failed: invariants 1 and 3 to 6.
pub(crate) async fn assert_invariants(
    cluster: &Cluster,
    record: &Record,
    crowd: &Crowd,
    stock: u64,
) {
    record.assert_fair(crowd, PER_SECOND);
    assert_order_of_calls(record);
    assert_orders(cluster, record, stock).await;
}

/// Invariant 4.
pub(crate) fn assert_order_of_calls(record: &Record) {
    let overtaken = record.overtaken();
    assert!(
        overtaken.is_empty(),
        "{} overtaken, first {:#?}",
        overtaken.len(),
        overtaken[0]
    );
}

/// Invariant 6: what was accepted is settled, once; the shop counts what the fans were told; nothing is
/// sold that there is not.
pub(crate) async fn assert_orders(cluster: &Cluster, record: &Record, stock: u64) {
    let (room, checkout) = (&cluster.waiting_rooms[0], &cluster.checkouts[0]);
    assert_orders_at(&cluster.client, room, checkout, record, stock).await;
}

/// The same, as this waiting room counts them and this checkout tells them.
pub(crate) async fn assert_orders_at(
    client: &Client,
    room: &Instance,
    checkout: &Instance,
    record: &Record,
    stock: u64,
) {
    assert_eq!(
        record.bought.len(),
        record.accepted.len(),
        "an order was lost"
    );
    let mut orders: Vec<&str> = record.bought.iter().map(|one| &*one.order).collect();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), record.bought.len(), "two fans, one order");
    let (confirmed, refused) = record.confirmed_and_refused();
    let sold: u64 = record
        .bought
        .iter()
        .filter(|one| one.state == "confirmed")
        .map(|one| u64::from(one.quantity))
        .sum();
    assert!(sold <= stock, "{sold} sold of {stock}");
    // An order is counted when its ruling is closed, which may be a moment after its fan was told.
    let figures = room
        .figures_once(client, |figures| {
            let counted = &figures["orders"];
            counted["pending"] == 0
                && counted["queue_depth"] == 0
                && counted["confirmed"] == confirmed
                && counted["refused"] == refused
                && figures["offers"][0]["stock_left"] == stock - sold
        })
        .await;
    let counted = &figures["orders"];
    assert_eq!(counted["dead_letters"], 0, "{counted}");
    for bought in &record.bought {
        let known = [("confirmed", None), ("refused", Some("sold-out"))];
        assert!(
            known.contains(&(&*bought.state, bought.reason.as_deref())),
            "{bought:?}"
        );
        let url = format!("{}/v1/orders/{}", checkout.url(), bought.order);
        let request = client.get(url).bearer_auth(&bought.admission_token);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let now: Value = answer.json().await.unwrap();
        assert_eq!(now["state"], *bought.state, "{now}");
        assert_eq!(
            now["settled_at"], *bought.settled_at,
            "settled twice: {now}"
        );
    }
    if refused > 0 {
        // Orders are for one or two.
        assert!(
            stock - sold <= 1,
            "refused though {} are left",
            stock - sold
        );
    }
}

/// Invariant 2, within `span` (microseconds of the store's clock).
pub(crate) fn assert_busy(record: &Record, span: impl RangeBounds<u64>) -> f64 {
    let share = record.busy_share(span, PER_SECOND);
    assert!(
        share >= 0.95,
        "only {:.1} % of the rate: {}",
        share * 100.0,
        record.course()
    );
    share
}

/// One line of figures.
pub(crate) fn tell(fault: &str, record: &Record, share: f64) {
    tell_at(PER_SECOND, fault, record, share);
}

/// The same, of an on-sale with another rate.
pub(crate) fn tell_at(per_second: usize, fault: &str, record: &Record, share: f64) {
    let (confirmed, refused) = record.confirmed_and_refused();
    println!(
        "cluster: {fault}: {} admitted, {:.1} % of the rate while fans waited, at most {} in 10 s of {} \
         allowed, {} overtaken, orders {confirmed}/{refused}/{} confirmed/refused/lost, longest gap without \
         an admission {:.1} s, retried requests {} (at most {} in a row) at the waiting room and {} (at most \
         {}) at checkout, slowest answer {:.1} s",
        record.admitted.len(),
        share * 100.0,
        record.most_in_ten_seconds(),
        Record::allowed_in_ten_seconds(per_second),
        record.overtaken().len(),
        record.accepted.len() - record.bought.len(),
        record.longest_gap(),
        record.retried(Service::WaitingRoom),
        record.longest_streak(Service::WaitingRoom).len(),
        record.retried(Service::Checkout),
        record.longest_streak(Service::Checkout).len(),
        record.slowest.as_secs_f64(),
    );
}

//! The rules of settling orders.

use std::time::Duration;

use checkout::{OrderId, OrderState, RefusalReason, SettleError, Stock};

use super::{
    Backend,
    order_store::{LATER, assert_counts, assert_sold, placed},
    samples::{NOW, catalogue, order, order_of, session, standing, stock},
};

macro_rules! settlement_suite {
    ($backend:ty) => {
        $crate::suite::suite! { $backend, settlement:
            an_order_that_fits_the_stock_is_confirmed_and_takes_it,
            an_order_that_does_not_fit_is_refused_as_a_whole_and_takes_nothing,
            settling_again_changes_nothing,
            orders_settled_at_the_same_time_sell_no_more_than_there_is,
            a_lowered_stock_sells_nothing_more_and_a_raised_one_sells_on,
            an_unknown_order_is_neither_read_nor_settled,
            a_confirmed_order_ends_its_session_and_a_refused_one_only_when_nothing_is_left,
            pending_orders_are_found_from_the_oldest_on_page_by_page,
            events_are_counted_apart,
        }
    };
}

pub async fn an_order_that_fits_the_stock_is_confirmed_and_takes_it<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let id = placed(&*store, order_of(1, &[("standing", 4), ("seat", 2)])).await;
    let settlement = store.settle(id, &stock(4, 2), LATER).await.unwrap();
    assert!(settlement.new);
    assert_eq!(
        settlement.order.state,
        OrderState::Confirmed { settled_at: LATER }
    );
    assert_eq!(store.order(id).await.unwrap(), Some(settlement.order));
    assert_sold(&*store, (4, 2)).await;
    assert_counts(&*store, (0, 1, 0)).await;
}

pub async fn an_order_that_does_not_fit_is_refused_as_a_whole_and_takes_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let id = placed(&*store, order_of(1, &[("standing", 2), ("seat", 2)])).await;
    let settlement = store.settle(id, &stock(5, 1), LATER).await.unwrap();
    assert_eq!(
        settlement.order.state,
        OrderState::Refused {
            reason: RefusalReason::SoldOut,
            settled_at: LATER
        }
    );
    assert_sold(&*store, (0, 0)).await;
    assert_counts(&*store, (0, 0, 1)).await;
}

pub async fn settling_again_changes_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let confirmed = placed(&*store, order(1, "standing", 2)).await;
    let refused = placed(&*store, order(2, "standing", 2)).await;
    let stock = stock(3, 1);
    for id in [confirmed, refused] {
        let first = store.settle(id, &stock, LATER).await.unwrap();
        let again = store
            .settle(id, &stock, LATER + Duration::from_secs(1))
            .await
            .unwrap();
        assert_eq!(again.order, first.order);
        assert_eq!((first.new, again.new), (true, false));
        assert_eq!(again.ends_session, first.ends_session);
    }
    assert_sold(&*store, (2, 0)).await;
    assert_counts(&*store, (0, 1, 1)).await;
}

pub async fn orders_settled_at_the_same_time_sell_no_more_than_there_is<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let mut ids = Vec::new();
    for n in 0..60 {
        ids.push(placed(&*store, order(n, "standing", i64::from(n % 4) + 1)).await);
    }
    let twice = ids.iter().chain(&ids).map(|id| {
        let store = store.clone();
        async move { store.settle(*id, &stock(50, 0), LATER).await.unwrap() }
    });
    let settlements = futures_util::future::join_all(twice).await;
    let confirmed: u64 = settlements
        .iter()
        .filter(|settlement| settlement.new)
        .filter(|settlement| settlement.order.state.as_str() == "confirmed")
        .map(|settlement| u64::from(settlement.order.basket.lines()[0].quantity))
        .sum();
    assert_eq!(settlements.iter().filter(|s| s.new).count(), 60);
    assert_sold(&*store, (confirmed, 0)).await;
    assert!((47..=50).contains(&confirmed), "{confirmed}");
}

pub async fn a_lowered_stock_sells_nothing_more_and_a_raised_one_sells_on<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let first = placed(&*store, order(1, "standing", 4)).await;
    store.settle(first, &stock(4, 0), LATER).await.unwrap();
    let second = placed(&*store, order(2, "standing", 1)).await;
    let lowered = store.settle(second, &stock(2, 0), LATER).await.unwrap();
    assert_eq!(lowered.order.state.as_str(), "refused");
    let third = placed(&*store, order(3, "standing", 2)).await;
    let raised = store.settle(third, &stock(6, 0), LATER).await.unwrap();
    assert_eq!(raised.order.state.as_str(), "confirmed");
    assert_sold(&*store, (6, 0)).await;
}

pub async fn an_unknown_order_is_neither_read_nor_settled<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let id = OrderId::draw(NOW);
    assert_eq!(store.order(id).await.unwrap(), None);
    let settled = store.settle(id, &stock(1, 1), LATER).await;
    assert!(matches!(settled, Err(SettleError::UnknownOrder)));
}

pub async fn a_confirmed_order_ends_its_session_and_a_refused_one_only_when_nothing_is_left<
    B: Backend,
>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let refused = placed(&*store, order(1, "standing", 2)).await;
    let settlement = store.settle(refused, &stock(1, 0), LATER).await.unwrap();
    assert!(!settlement.ends_session);
    assert!(!store.has_ended(session(1)).await.unwrap());

    let confirmed = placed(&*store, order(2, "standing", 1)).await;
    let settlement = store.settle(confirmed, &stock(1, 0), LATER).await.unwrap();
    assert!(settlement.ends_session);
    assert!(store.has_ended(session(2)).await.unwrap());

    let last = placed(&*store, order(1, "standing", 1)).await;
    let settlement = store.settle(last, &stock(1, 0), LATER).await.unwrap();
    assert_eq!(settlement.order.state.as_str(), "refused");
    assert!(settlement.ends_session);
    assert!(store.has_ended(session(1)).await.unwrap());
}

pub async fn pending_orders_are_found_from_the_oldest_on_page_by_page<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let mut ids = Vec::new();
    for n in 0..5 {
        let mut order = order(n, "standing", 1);
        order.placed_at = NOW + Duration::from_secs(u64::from(n));
        order.id = OrderId::draw(order.placed_at);
        ids.push(placed(&*store, order).await);
    }
    store.settle(ids[1], &stock(9, 9), LATER).await.unwrap();
    let before = NOW + Duration::from_secs(4);
    let mut found = Vec::new();
    loop {
        let after = found.last().copied();
        let page = store.pending(before, after, 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        found.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(found, [ids[0], ids[2], ids[3]]);
}

pub async fn events_are_counted_apart<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let here = placed(&*store, order(1, "standing", 1)).await;
    let mut elsewhere = order(1, "standing", 2);
    elsewhere.event = "other".parse().unwrap();
    let there = placed(&*store, elsewhere).await;
    store.settle(here, &stock(9, 9), LATER).await.unwrap();
    let foreign = store.settle(there, &stock(9, 9), LATER).await;
    assert!(matches!(foreign, Err(SettleError::UnknownOrder)));
    let stock = Stock::of(&catalogue(9, 9).events()[1]);
    store.settle(there, &stock, LATER).await.unwrap();
    let other = store.tally(&"other".parse().unwrap()).await.unwrap();
    assert_eq!(other.orders.confirmed, 1);
    assert_eq!(other.sold.of_offer(&standing()), 2);
    assert_sold(&*store, (1, 0)).await;
    assert_counts(&*store, (0, 1, 0)).await;
}

//! The rules of placing orders, and of keeping what was placed.

use std::time::Duration;

use checkout::{Order, OrderCounts, OrderId, OrderState, OrderStore, PlaceError, Placed};
use waiting_room_core::Timestamp;

use super::{
    Backend, assert_soon,
    samples::{
        NOW, SESSION, event_id, key, order, order_of, seat, session, standing, stock, ticket,
    },
};

macro_rules! order_store_suite {
    ($backend:ty) => {
        $crate::suite::suite! { $backend, order_store:
            a_placed_order_is_pending_and_can_be_read,
            the_same_request_again_gives_the_same_order,
            the_same_request_at_the_same_time_places_one_order,
            a_key_is_not_used_for_another_request,
            the_same_key_of_another_ticket_is_another_request,
            a_ticket_with_a_pending_or_confirmed_order_places_no_other,
            a_ticket_whose_orders_were_refused_may_order_again,
            a_session_that_ended_or_expired_places_nothing_new,
            a_lost_answer_can_be_asked_for_when_the_session_is_over,
            ended_sessions_are_forgotten_once_their_tokens_have_expired,
            a_restart_loses_nothing,
        }
    };
}

pub const LATER: Timestamp = Timestamp::from_seconds(1_795_250_002);

pub async fn placed(store: &dyn OrderStore, order: Order) -> OrderId {
    let key = key(&format!("key-{}", order.id));
    let placed = store.place(order, key).await.unwrap();
    assert!(placed.new);
    placed.order.id
}

async fn state(store: &dyn OrderStore, id: OrderId) -> OrderState {
    store.order(id).await.unwrap().unwrap().state
}

/// Pending, confirmed and refused.
pub async fn assert_counts(store: &dyn OrderStore, expected: (u64, u64, u64)) {
    let told = async || {
        let OrderCounts {
            pending,
            confirmed,
            refused,
        } = store.tally(&event_id()).await.unwrap().orders;
        (pending, confirmed, refused)
    };
    assert_soon(told, expected).await;
}

/// Standing places and seats.
pub async fn assert_sold(store: &dyn OrderStore, expected: (u64, u64)) {
    let told = async || {
        let sold = store.tally(&event_id()).await.unwrap().sold;
        (sold.of_offer(&standing()), sold.of_offer(&seat()))
    };
    assert_soon(told, expected).await;
}

pub async fn a_placed_order_is_pending_and_can_be_read<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let order = order_of(1, &[("standing", 2), ("seat", 1)]);
    let answer = store.place(order.clone(), key("a")).await.unwrap();
    assert_eq!(
        answer,
        Placed {
            order: order.clone(),
            new: true
        }
    );
    assert_eq!(store.order(order.id).await.unwrap(), Some(order.clone()));
    let latest = store.latest_order(&event_id(), ticket(1)).await.unwrap();
    assert_eq!(latest, Some(order));
    assert_eq!(
        store.latest_order(&event_id(), ticket(2)).await.unwrap(),
        None
    );
    assert_counts(&*store, (1, 0, 0)).await;
    assert_sold(&*store, (0, 0)).await;
    store.check().await.unwrap();
}

pub async fn the_same_request_again_gives_the_same_order<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let first = store
        .place(order_of(1, &[("standing", 2), ("seat", 1)]), key("a"))
        .await
        .unwrap();
    let turned = order_of(1, &[("seat", 1), ("standing", 2)]);
    let again = store.place(turned.clone(), key("a")).await.unwrap();
    assert_eq!((again.order.id, again.new), (first.order.id, false));
    store
        .settle(first.order.id, &stock(5, 5), LATER)
        .await
        .unwrap();
    let settled = store.place(turned, key("a")).await.unwrap();
    assert_eq!(settled.order.id, first.order.id);
    assert_eq!(settled.order.state.as_str(), "confirmed");
    assert_counts(&*store, (0, 1, 0)).await;
}

pub async fn the_same_request_at_the_same_time_places_one_order<B: Backend>() {
    let backend = B::fresh().await;
    let attempts = (0..20).map(|_| {
        let store = backend.store();
        async move {
            store
                .place(order(1, "standing", 1), key("a"))
                .await
                .unwrap()
        }
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|placed| placed.new).count(), 1);
    let id = answers[0].order.id;
    assert!(answers.iter().all(|placed| placed.order.id == id));
    assert_counts(&*backend.store(), (1, 0, 0)).await;
}

pub async fn a_key_is_not_used_for_another_request<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    store
        .place(order(1, "standing", 2), key("a"))
        .await
        .unwrap();
    let mut other_name = order(1, "standing", 2);
    other_name.buyer.name = "Somebody else".parse().unwrap();
    let mut other_email = order(1, "standing", 2);
    other_email.buyer.email = "else@example.com".parse().unwrap();
    for other in [
        order(1, "standing", 3),
        order(1, "seat", 2),
        order_of(1, &[("standing", 2), ("seat", 1)]),
        other_name,
        other_email,
    ] {
        let refused = store.place(other, key("a")).await.unwrap_err();
        assert!(matches!(refused, PlaceError::KeyReused), "{refused:?}");
    }
    assert_counts(&*store, (1, 0, 0)).await;
}

pub async fn the_same_key_of_another_ticket_is_another_request<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let first = store
        .place(order(1, "standing", 2), key("a"))
        .await
        .unwrap();
    let second = store.place(order(2, "seat", 1), key("a")).await.unwrap();
    assert!(second.new);
    assert_ne!(first.order.id, second.order.id);
}

pub async fn a_ticket_with_a_pending_or_confirmed_order_places_no_other<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let first = placed(&*store, order(1, "standing", 2)).await;
    for _ in 0..2 {
        let refused = store.place(order(1, "seat", 1), key("b")).await;
        let Err(PlaceError::AlreadyBought { order }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(order, first);
        store.settle(first, &stock(5, 5), LATER).await.unwrap();
    }
    let sibling = placed(&*store, order(2, "seat", 1)).await;
    assert_ne!(sibling, first);
}

pub async fn a_ticket_whose_orders_were_refused_may_order_again<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    for _ in 0..3 {
        let refused = placed(&*store, order(1, "standing", 2)).await;
        store.settle(refused, &stock(1, 1), LATER).await.unwrap();
    }
    let bought = placed(&*store, order(1, "seat", 1)).await;
    store.settle(bought, &stock(1, 1), LATER).await.unwrap();
    assert_counts(&*store, (0, 1, 3)).await;
    let latest = store.latest_order(&event_id(), ticket(1)).await.unwrap();
    assert_eq!(latest.map(|order| order.id), Some(bought));
    let refused = store.place(order(1, "standing", 1), key("z")).await;
    assert!(matches!(refused, Err(PlaceError::AlreadyBought { .. })));
}

pub async fn a_session_that_ended_or_expired_places_nothing_new<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    store.end_session(session(1), NOW + SESSION).await.unwrap();
    store.end_session(session(1), NOW + SESSION).await.unwrap();
    let refused = store.place(order(1, "standing", 1), key("a")).await;
    assert!(matches!(refused, Err(PlaceError::SessionOver)));
    let mut late = order(2, "standing", 1);
    late.session_expires_at = late.placed_at;
    let refused = store.place(late, key("a")).await;
    assert!(matches!(refused, Err(PlaceError::SessionOver)));
    assert_counts(&*store, (0, 0, 0)).await;
    assert_eq!(
        store.latest_order(&event_id(), ticket(1)).await.unwrap(),
        None
    );
    placed(&*store, order(3, "standing", 1)).await;
}

pub async fn a_lost_answer_can_be_asked_for_when_the_session_is_over<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let first = store
        .place(order(1, "standing", 1), key("a"))
        .await
        .unwrap();
    store.end_session(session(1), NOW + SESSION).await.unwrap();
    let mut late = order(1, "standing", 1);
    late.placed_at = NOW + SESSION;
    let again = store.place(late.clone(), key("a")).await.unwrap();
    assert_eq!((again.order.id, again.new), (first.order.id, false));
    let refused = store.place(late, key("b")).await;
    assert!(matches!(refused, Err(PlaceError::AlreadyBought { .. })));
}

pub async fn ended_sessions_are_forgotten_once_their_tokens_have_expired<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    store.end_session(session(1), NOW).await.unwrap();
    store.end_session(session(2), NOW + SESSION).await.unwrap();
    let forgotten = store
        .forget_expired(NOW + Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(forgotten, 1);
    assert!(!store.has_ended(session(1)).await.unwrap());
    assert!(store.has_ended(session(2)).await.unwrap());
}

pub async fn a_restart_loses_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.store();
    let pending = placed(&*store, order(1, "standing", 1)).await;
    let confirmed = placed(&*store, order(2, "standing", 2)).await;
    let refused = placed(&*store, order(3, "seat", 1)).await;
    store.settle(confirmed, &stock(2, 0), LATER).await.unwrap();
    store.settle(refused, &stock(2, 0), LATER).await.unwrap();
    store.end_session(session(4), NOW + SESSION).await.unwrap();
    drop(store);

    let backend = backend.restart().await;
    let store = backend.store();
    assert_eq!(state(&*store, pending).await.as_str(), "pending");
    assert_eq!(state(&*store, confirmed).await.as_str(), "confirmed");
    assert_eq!(state(&*store, refused).await.as_str(), "refused");
    assert_counts(&*store, (1, 1, 1)).await;
    assert_sold(&*store, (2, 0)).await;
    assert!(store.has_ended(session(4)).await.unwrap());
    let again = store.place(order(2, "seat", 1), key("new")).await;
    assert!(matches!(again, Err(PlaceError::AlreadyBought { .. })));
}

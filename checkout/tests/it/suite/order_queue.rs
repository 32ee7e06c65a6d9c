//! The rules of an order queue.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use checkout::{Delivery, Depth, OrderId, OrderMessage, OrderQueue, Retry};
use waiting_room_core::EventId;

use super::{
    Backend, assert_soon,
    samples::{NOW, event_id},
};

macro_rules! order_queue_suite {
    ($backend:ty) => {
        $crate::suite::suite! { $backend, order_queue:
            what_is_sent_is_received_and_gone_once_acknowledged,
            an_order_that_the_queue_holds_is_not_added_again,
            what_is_received_is_hidden_from_others,
            what_is_not_acknowledged_in_time_comes_again,
            an_extended_delivery_stays_hidden,
            what_is_released_comes_again_after_its_pause,
            a_late_answer_does_not_touch_the_next_delivery,
            a_receiver_that_waits_is_woken_at_once,
            a_receiver_that_waits_for_nothing_is_answered_in_the_end,
            each_message_goes_to_one_of_many_receivers,
            what_fails_too_often_becomes_a_dead_letter_with_the_reason,
            what_nobody_answers_for_becomes_a_dead_letter,
            a_dead_letter_is_not_brought_back_by_sending_it_again,
            redriven_dead_letters_are_received_like_new_ones,
            depths_and_dead_letters_are_kept_by_event,
            a_restart_loses_no_message_and_forgets_no_count,
        }
    };
}

const SOON: Duration = Duration::from_secs(10);
const NOT_LONG: Duration = Duration::from_millis(60);

fn message() -> OrderMessage {
    message_of("aurora-live")
}

fn message_of(event: &str) -> OrderMessage {
    OrderMessage {
        order: OrderId::draw(NOW),
        event: event.parse().unwrap(),
    }
}

fn retry(reason: &str, after: Duration) -> Retry {
    Retry {
        reason: reason.to_owned(),
        after,
    }
}

async fn one(queue: &dyn OrderQueue) -> Delivery {
    let mut deliveries = queue.receive(1, SOON).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

async fn assert_nothing(queue: &dyn OrderQueue) {
    let deliveries = queue.receive(10, NOT_LONG).await.unwrap();
    assert!(deliveries.is_empty(), "{deliveries:?}");
}

/// Queued messages and dead letters.
async fn assert_depth(queue: &dyn OrderQueue, event: &EventId, expected: (u64, u64)) {
    let told = async || {
        let Depth { queued, dead } = queue.depth(event).await.unwrap();
        (queued, dead)
    };
    assert_soon(told, expected).await;
}

async fn killed<B: Backend>(queue: &dyn OrderQueue, message: OrderMessage, reason: &str) {
    queue.send(message).await.unwrap();
    for received in 1..=B::POLICY.most_receives {
        let delivery = one(queue).await;
        assert_eq!(delivery.received, received);
        let retry = retry(reason, Duration::ZERO);
        queue.release(&delivery.receipt, retry).await.unwrap();
    }
}

pub async fn what_is_sent_is_received_and_gone_once_acknowledged<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let message = message();
    queue.send(message.clone()).await.unwrap();
    assert_depth(&*queue, &event_id(), (1, 0)).await;
    let delivery = one(&*queue).await;
    assert_eq!((&delivery.message, delivery.received), (&message, 1));
    queue.acknowledge(&delivery.receipt).await.unwrap();
    queue.acknowledge(&delivery.receipt).await.unwrap();
    tokio::time::sleep(B::POLICY.visibility).await;
    assert_nothing(&*queue).await;
    assert_depth(&*queue, &event_id(), (0, 0)).await;
    queue.send(message.clone()).await.unwrap();
    assert_eq!(one(&*queue).await.message, message);
}

pub async fn an_order_that_the_queue_holds_is_not_added_again<B: Backend>() {
    if !B::KNOWS_ITS_MESSAGES {
        return;
    }
    let backend = B::fresh().await;
    let queue = backend.queue();
    let message = message();
    queue.send(message.clone()).await.unwrap();
    queue.send(message.clone()).await.unwrap();
    let delivery = one(&*queue).await;
    queue.send(message).await.unwrap();
    assert_nothing(&*queue).await;
    queue.acknowledge(&delivery.receipt).await.unwrap();
    assert_depth(&*queue, &event_id(), (0, 0)).await;
}

pub async fn what_is_received_is_hidden_from_others<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    one(&*queue).await;
    assert_nothing(&*queue).await;
    assert_depth(&*queue, &event_id(), (1, 0)).await;
}

pub async fn what_is_not_acknowledged_in_time_comes_again<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    let first = one(&*queue).await;
    let received = Instant::now();
    let second = one(&*queue).await;
    assert!(received.elapsed() > B::POLICY.visibility / 2);
    assert_eq!(second.message, first.message);
    assert_eq!(second.received, 2);
}

pub async fn an_extended_delivery_stays_hidden<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    let delivery = one(&*queue).await;
    assert!(queue.extend(&delivery.receipt, SOON).await.unwrap());
    tokio::time::sleep(B::POLICY.visibility).await;
    assert_nothing(&*queue).await;
    queue.acknowledge(&delivery.receipt).await.unwrap();
    assert!(!queue.extend(&delivery.receipt, SOON).await.unwrap());
    assert_depth(&*queue, &event_id(), (0, 0)).await;
}

pub async fn what_is_released_comes_again_after_its_pause<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    let delivery = one(&*queue).await;
    assert!(queue.extend(&delivery.receipt, SOON).await.unwrap());
    let pause = Duration::from_millis(150);
    let released = Instant::now();
    let retry = retry("no luck", pause);
    queue.release(&delivery.receipt, retry).await.unwrap();
    assert_nothing(&*queue).await;
    assert_eq!(one(&*queue).await.received, 2);
    assert!(released.elapsed() >= pause);
    assert!(released.elapsed() < SOON);
}

pub async fn a_late_answer_does_not_touch_the_next_delivery<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    let late = one(&*queue).await;
    let next = one(&*queue).await;
    let retry = retry("late", Duration::ZERO);
    queue.release(&late.receipt, retry).await.unwrap();
    assert!(!queue.extend(&late.receipt, SOON).await.unwrap());
    assert_nothing(&*queue).await;
    queue.acknowledge(&next.receipt).await.unwrap();
    assert_depth(&*queue, &event_id(), (0, 0)).await;
}

pub async fn a_receiver_that_waits_is_woken_at_once<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let mut latencies = Vec::new();
    for _ in 0..5 {
        let waiting = {
            let queue = queue.clone();
            tokio::spawn(async move { (one(&*queue).await, Instant::now()) })
        };
        tokio::time::sleep(NOT_LONG).await;
        let sent = Instant::now();
        queue.send(message()).await.unwrap();
        let (delivery, received) = waiting.await.unwrap();
        latencies.push(received.duration_since(sent));
        queue.acknowledge(&delivery.receipt).await.unwrap();
    }
    // The best of them, as other tests may be busy meanwhile.
    let best = latencies.into_iter().min().unwrap();
    assert!(best < Duration::from_millis(100), "{best:?}");
}

pub async fn a_receiver_that_waits_for_nothing_is_answered_in_the_end<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let started = Instant::now();
    assert!(queue.receive(1, NOT_LONG).await.unwrap().is_empty());
    assert!(started.elapsed() >= NOT_LONG);
    assert!(started.elapsed() < SOON);
}

pub async fn each_message_goes_to_one_of_many_receivers<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut orders = Vec::new();
                loop {
                    let batch = queue.receive(7, NOT_LONG * 3).await.unwrap();
                    if batch.is_empty() {
                        return orders;
                    }
                    for delivery in batch {
                        queue.acknowledge(&delivery.receipt).await.unwrap();
                        orders.push(delivery.message.order);
                    }
                }
            })
        })
        .collect();
    let sent: HashSet<OrderId> = (0..100).map(|_| OrderId::draw(NOW)).collect();
    for &order in &sent {
        let event = event_id();
        queue.send(OrderMessage { order, event }).await.unwrap();
    }
    let mut received = Vec::new();
    for receiver in receivers {
        received.extend(receiver.await.unwrap());
    }
    assert!(!B::KNOWS_ITS_MESSAGES || received.len() == sent.len());
    assert_eq!(received.into_iter().collect::<HashSet<_>>(), sent);
}

pub async fn what_fails_too_often_becomes_a_dead_letter_with_the_reason<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let message = message();
    killed::<B>(&*queue, message.clone(), "no such order").await;
    assert_nothing(&*queue).await;
    assert_depth(&*queue, &event_id(), (0, 1)).await;
    let letters = queue.dead_letters(&event_id(), 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].order, message.order);
    assert_eq!(letters[0].reason, "no such order");
    assert_eq!(letters[0].received, B::POLICY.most_receives);
    assert!(service_kit::now().since(letters[0].died_at) < SOON);
}

pub async fn what_nobody_answers_for_becomes_a_dead_letter<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    queue.send(message()).await.unwrap();
    for _ in 0..B::POLICY.most_receives {
        one(&*queue).await;
    }
    tokio::time::sleep(B::POLICY.visibility).await;
    assert_nothing(&*queue).await;
    let letters = queue.dead_letters(&event_id(), 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(!letters[0].reason.is_empty());
}

pub async fn a_dead_letter_is_not_brought_back_by_sending_it_again<B: Backend>() {
    if !B::KNOWS_ITS_MESSAGES {
        return;
    }
    let backend = B::fresh().await;
    let queue = backend.queue();
    let message = message();
    killed::<B>(&*queue, message.clone(), "poison").await;
    queue.send(message).await.unwrap();
    assert_nothing(&*queue).await;
    assert_depth(&*queue, &event_id(), (0, 1)).await;
}

pub async fn redriven_dead_letters_are_received_like_new_ones<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let (first, second) = (message(), message());
    killed::<B>(&*queue, first.clone(), "poison").await;
    killed::<B>(&*queue, second.clone(), "poison").await;
    assert_eq!(queue.redrive(&event_id()).await.unwrap(), 2);
    assert_depth(&*queue, &event_id(), (2, 0)).await;
    assert!(
        queue
            .dead_letters(&event_id(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let mut orders = HashSet::new();
    for _ in 0..2 {
        let delivery = one(&*queue).await;
        assert_eq!(delivery.received, 1);
        queue.acknowledge(&delivery.receipt).await.unwrap();
        orders.insert(delivery.message.order);
    }
    assert_eq!(orders, HashSet::from([first.order, second.order]));
    assert_eq!(queue.redrive(&event_id()).await.unwrap(), 0);
    assert_depth(&*queue, &event_id(), (0, 0)).await;
}

pub async fn depths_and_dead_letters_are_kept_by_event<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    let other: EventId = "other".parse().unwrap();
    killed::<B>(&*queue, message(), "poison").await;
    killed::<B>(&*queue, message_of("other"), "venom").await;
    queue.send(message()).await.unwrap();
    let depths = async |here, there| {
        if B::KNOWS_ITS_MESSAGES {
            assert_depth(&*queue, &event_id(), here).await;
            assert_depth(&*queue, &other, there).await;
        } else {
            let all = (here.0 + there.0, here.1 + there.1);
            assert_depth(&*queue, &other, all).await;
        }
    };
    depths((1, 1), (0, 1)).await;
    assert_eq!(queue.redrive(&other).await.unwrap(), 1);
    depths((1, 1), (1, 0)).await;
    let letters = queue.dead_letters(&event_id(), 10).await.unwrap();
    assert_eq!(letters[0].reason, "poison");
    assert!(queue.dead_letters(&other, 10).await.unwrap().is_empty());
}

pub async fn a_restart_loses_no_message_and_forgets_no_count<B: Backend>() {
    let backend = B::fresh().await;
    let queue = backend.queue();
    killed::<B>(&*queue, message(), "poison").await;
    let (held, waiting) = (message(), message());
    queue.send(held.clone()).await.unwrap();
    let stale = one(&*queue).await.receipt;
    queue.send(waiting.clone()).await.unwrap();
    drop(queue);

    let backend = backend.restart().await;
    let queue = backend.queue();
    assert_depth(&*queue, &event_id(), (2, 1)).await;
    queue.acknowledge(&stale).await.unwrap();
    let mut received = std::collections::HashMap::new();
    for _ in 0..2 {
        let delivery = one(&*queue).await;
        received.insert(delivery.message.order, delivery.received);
        queue.acknowledge(&delivery.receipt).await.unwrap();
    }
    assert_eq!(received[&held.order], 2);
    assert_eq!(received[&waiting.order], 1);
    let letters = queue.dead_letters(&event_id(), 10).await.unwrap();
    assert_eq!(letters[0].reason, "poison");
}

//! Checkout and fulfilment as processes of their own, with SQS between them, and messages that come twice,
//! out of order, or are not answered for.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use checkout::{
    GateError, OrderId, OrderMessage, OrderQueue, OrderStore, QueuePolicy, SessionGate,
    SessionLedger,
    aws::{EndedSession, OrderQueueUrls, SqsOrderQueue, SqsSessionGate},
    fulfilment::{self, Fulfilment, Pace},
};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use waiting_room_core::{EventId, SessionId, TicketId};

use crate::suite::{
    assert_soon,
    aws::{fresh_name, fresh_queues, fresh_table, sqs, store, wire::Wire},
    samples::{NOW, catalogue, event_id, key, order, session, ticket},
};

const POLICY: QueuePolicy = QueuePolicy {
    visibility: Duration::from_secs(3),
    most_receives: 3,
};

const PACE: Pace = Pace {
    lanes: 2,
    batch: 30,
    wait: Duration::from_secs(2),
    patience: Duration::from_secs(20),
    hold: Duration::from_millis(900),
    gate: Duration::from_secs(15),
    rest: Duration::from_secs(1),
    sweep: Duration::from_millis(500),
    overdue: Duration::from_secs(3_600),
};

async fn open_queue(urls: &OrderQueueUrls, wire: &Wire) -> Arc<SqsOrderQueue> {
    SqsOrderQueue::open(sqs(wire), urls.clone()).await.unwrap()
}

async fn fresh_gate_queue() -> String {
    let name = fresh_name("ended-sessions");
    let created = sqs(&Wire::new())
        .create_queue()
        .queue_name(name)
        .send()
        .await;
    created.unwrap().queue_url.unwrap()
}

/// Takes all messages off the queue of ended sessions until `count` different ones have come.
async fn ended_sessions(queue: &str, count: usize) -> HashSet<String> {
    let client = sqs(&Wire::new());
    let mut ended = HashSet::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while ended.len() < count && Instant::now() < deadline {
        let receive = client.receive_message().queue_url(queue);
        let receive = receive.max_number_of_messages(10).wait_time_seconds(1);
        for message in receive.send().await.unwrap().messages() {
            let read: EndedSession = serde_json::from_str(message.body().unwrap()).unwrap();
            assert_eq!(read.event, event_id());
            ended.insert(read.session.to_string());
        }
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_settled_once_by_a_process_of_its_own_whatever_the_queue_does() {
    let table = fresh_table().await;
    let urls = fresh_queues(POLICY).await;
    let ended = fresh_gate_queue().await;

    let shop = Arc::new(store(&table, &Wire::new()));
    let placed = (1..=12_u8).map(|n| {
        let shop = shop.clone();
        async move {
            let placed = shop.place(order(n, "standing", 1), key("a")).await;
            placed.unwrap().order.id
        }
    });
    let ids: Vec<OrderId> = join_all(placed).await;
    // One was told to nobody; the others come three times, the latest first; one message is rubbish.
    let queue = open_queue(&urls, &Wire::loses_every(3)).await;
    for &order in ids[1..].iter().rev().chain(&ids[1..]).chain(&ids[1..]) {
        let event = event_id();
        queue.send(OrderMessage { order, event }).await.unwrap();
    }
    let rubbish = sqs(&Wire::new()).send_message().queue_url(&urls.orders);
    rubbish.message_body("rubbish").send().await.unwrap();

    let shutdown = CancellationToken::new();
    let gate = SqsSessionGate::new(sqs(&Wire::new()), &ended);
    gate.check().await.unwrap();
    let fulfilment = Fulfilment::new(
        &catalogue(10, 0),
        Arc::new(store(&table, &Wire::new())),
        open_queue(&urls, &Wire::new()).await,
        Arc::new(gate),
        PACE,
    );
    let running = tokio::spawn(fulfilment::run(fulfilment, shutdown.clone()));
    let deadline = Instant::now() + Duration::from_secs(40);
    let mut confirmed = 0;
    for id in &ids {
        loop {
            let state = shop.order(*id).await.unwrap().unwrap().state;
            if state.settled_at().is_some() {
                confirmed += u32::from(state.as_str() == "confirmed");
                break;
            }
            assert!(Instant::now() < deadline, "{id} stays pending");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(confirmed, 10);
    // The refused ones may choose nothing else, as nothing is left.
    assert!(ended_sessions(&ended, 10).await.len() >= 10);
    shutdown.cancel();
    running.await.unwrap();
    let tally = store(&table, &Wire::new())
        .tally(&event_id())
        .await
        .unwrap();
    let counts = tally.orders;
    assert_eq!(
        (counts.pending, counts.confirmed, counts.refused),
        (0, 10, 2)
    );
    assert!(shop.has_ended(session(1)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waiting_room_is_told_of_each_ended_session() {
    let ended = fresh_gate_queue().await;
    let wire = Wire::new();
    let gate = SqsSessionGate::new(sqs(&wire), &ended);
    let event = event_id();
    let told = (0..25_u8).map(|n| gate.end_session(&event, ticket(n), session(n)));
    for told in join_all(told).await {
        told.unwrap();
    }
    assert!(wire.requests() < 15, "{} requests", wire.requests());
    let expected: HashSet<String> = (0..25).map(|n| session(n).to_string()).collect();
    assert_eq!(ended_sessions(&ended, 25).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_tell_the_waiting_room_says_so() {
    let ended = fresh_gate_queue().await;
    let gate = SqsSessionGate::new(sqs(&Wire::dies(0, false)), &ended);
    gate.check().await.unwrap_err();
    let told = gate.end_session(&event_id(), ticket(1), session(1)).await;
    assert!(told.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_sent_and_acknowledged_at_once_share_requests() {
    let wire = Wire::new();
    let patient = QueuePolicy {
        visibility: Duration::from_secs(120),
        ..POLICY
    };
    let queue = open_queue(&fresh_queues(patient).await, &wire).await;
    let before = wire.requests();
    let event = event_id();
    let sent = (0..40).map(|_| {
        queue.send(OrderMessage {
            order: OrderId::draw(NOW),
            event: event.clone(),
        })
    });
    for sent in join_all(sent).await {
        sent.unwrap();
    }
    assert!(wire.requests() - before < 20);
    // Now and then a message comes twice.
    let mut receipts = HashMap::new();
    while receipts.len() < 40 {
        let received = queue.receive(40, Duration::from_secs(10)).await.unwrap();
        let received = received.into_iter();
        receipts.extend(received.map(|delivery| (delivery.message.order, delivery.receipt)));
    }
    let before = wire.requests();
    let acknowledged = receipts.values().map(|receipt| queue.acknowledge(receipt));
    for acknowledged in join_all(acknowledged).await {
        acknowledged.unwrap();
    }
    assert!(wire.requests() - before < 20);
    assert!(queue.receive(1, Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_answer_is_an_error_and_no_message_is_lost() {
    let urls = fresh_queues(POLICY).await;
    let dead = {
        // Opening asks once.
        let wire = Wire::dies(1, false);
        open_queue(&urls, &wire).await
    };
    let message = OrderMessage {
        order: OrderId::draw(NOW),
        event: event_id(),
    };
    assert!(dead.send(message.clone()).await.is_err());
    assert!(dead.receive(1, Duration::ZERO).await.is_err());
    assert!(dead.depth(&message.event).await.is_err());
    assert!(dead.check().await.is_err());

    let alive = open_queue(&urls, &Wire::new()).await;
    alive.send(message.clone()).await.unwrap();
    let delivery = alive.receive(1, Duration::from_secs(10)).await.unwrap();
    assert_eq!(delivery[0].message, message);
}

/// A waiting room that takes its time.
#[derive(Default)]
struct SlowGate {
    asked: AtomicUsize,
    opened: Notify,
}

#[async_trait]
impl SessionGate for SlowGate {
    async fn end_session(&self, _: &EventId, _: TicketId, _: SessionId) -> Result<(), GateError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.opened.notified().await;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_worked_on_for_long_is_not_given_to_others() {
    let table = fresh_table().await;
    let urls = fresh_queues(POLICY).await;
    let queue = open_queue(&urls, &Wire::new()).await;
    let shop = Arc::new(store(&table, &Wire::new()));
    // The sweeper finds it at the start, and sends its message.
    let placed = shop.place(order(1, "standing", 1), key("a")).await;
    placed.unwrap();

    let gate = Arc::new(SlowGate::default());
    let theirs = open_queue(&urls, &Wire::new()).await;
    let catalogue = catalogue(10, 0);
    // moto gives a new message to all who wait for one, so only one does; and one sweep sends one message.
    let pace = Pace {
        lanes: 1,
        sweep: Duration::from_secs(3_600),
        ..PACE
    };
    let fulfilment = Fulfilment::new(&catalogue, shop, theirs, gate.clone(), pace);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(fulfilment::run(fulfilment, shutdown.clone()));
    while gate.asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let others = queue.receive(1, POLICY.visibility * 2).await.unwrap();
    assert!(others.is_empty(), "{others:?}");
    gate.opened.notify_one();
    let empty = async || queue.depth(&event_id()).await.unwrap().queued;
    assert_soon(empty, 0).await;
    assert_eq!(gate.asked.load(Ordering::SeqCst), 1);
    shutdown.cancel();
    running.await.unwrap();
}

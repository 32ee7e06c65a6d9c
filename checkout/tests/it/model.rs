//! Whatever fans, workers and crashes do in whatever order: every accepted order ends exactly once,
//! and what is sold is what was confirmed.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use checkout::{
    Delivery, Order, OrderId, OrderMessage, OrderQueue, OrderState, OrderStore, PlaceError,
    QueuePolicy, embedded::OrderBook,
};
use proptest::prelude::*;
use waiting_room_core::{TicketId, Timestamp};

use crate::suite::{
    embedded::reopened,
    samples::{NOW, event_id, key, order, seat, standing, stock, ticket},
};

const VISIBILITY: Duration = Duration::from_millis(15);
const STOCK: (u32, u32) = (7, 3);
const LATER: Timestamp = Timestamp::from_seconds(1_795_250_100);

#[derive(Clone, Debug)]
enum Step {
    /// A fan orders; the process may die before the message is sent.
    Place {
        fan: u8,
        key: u8,
        seats: bool,
        quantity: i64,
        sent: bool,
    },
    Receive(usize),
    Settle(usize),
    Acknowledge(usize),
    /// A worker forgets what it received.
    Forget(usize),
    /// Visibility timeouts pass.
    Lapse,
    Sweep,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..6_u8, 0..3_u8, any::<bool>(), 1..=2_i64, any::<bool>()).prop_map(
            |(fan, key, seats, quantity, sent)| Step::Place { fan, key, seats, quantity, sent }
        ),
        6 => (1..4_usize).prop_map(Step::Receive),
        6 => any::<usize>().prop_map(Step::Settle),
        4 => any::<usize>().prop_map(Step::Acknowledge),
        1 => any::<usize>().prop_map(Step::Forget),
        1 => Just(Step::Lapse),
        1 => Just(Step::Sweep),
        2 => Just(Step::Crash),
    ]
}

/// The book under test, and what was answered so far.
struct World<'a> {
    dir: &'a Path,
    book: Option<Arc<OrderBook>>,
    under_way: Vec<Delivery>,
    accepted: HashMap<OrderId, OrderState>,
}

impl<'a> World<'a> {
    fn new(dir: &'a Path) -> Self {
        let mut world = Self {
            dir,
            book: None,
            under_way: Vec::new(),
            accepted: HashMap::new(),
        };
        world.crash();
        world
    }

    fn crash(&mut self) {
        self.book = None;
        self.under_way.clear();
        let policy = QueuePolicy {
            visibility: VISIBILITY,
            most_receives: u32::MAX,
        };
        self.book = Some(reopened(self.dir, policy));
    }

    fn book(&self) -> Arc<OrderBook> {
        self.book.clone().unwrap()
    }

    async fn step(&mut self, step: Step) {
        let book = self.book();
        match step {
            Step::Place {
                fan,
                key,
                seats,
                quantity,
                sent,
            } => {
                let offer = if seats { "seat" } else { "standing" };
                let order = order(fan, offer, quantity);
                if let Some(id) = self.place(&book, order, key).await
                    && sent
                {
                    send(&book, id).await;
                }
            }
            Step::Receive(most) => {
                let received = book.receive(most, Duration::ZERO).await.unwrap();
                self.under_way.extend(received);
            }
            Step::Settle(n) => {
                if let Some(order) = self.pick(n).map(|delivery| delivery.message.order) {
                    self.settle(&book, order).await;
                }
            }
            Step::Acknowledge(n) => self.acknowledge(&book, n).await,
            Step::Forget(n) => {
                if !self.under_way.is_empty() {
                    self.under_way.remove(n % self.under_way.len());
                }
            }
            Step::Lapse => tokio::time::sleep(VISIBILITY).await,
            Step::Sweep => sweep(&book).await,
            Step::Crash => {
                drop(book);
                self.crash();
            }
        }
    }

    async fn place(&mut self, book: &OrderBook, order: Order, n: u8) -> Option<OrderId> {
        match book.place(order, key(&format!("key-{n}"))).await {
            Ok(placed) => {
                let known = self.accepted.insert(placed.order.id, placed.order.state);
                assert_eq!(placed.new, known.is_none(), "an order was lost or invented");
                if let Some(known) = known {
                    assert!(known == OrderState::Pending || known == placed.order.state);
                }
                Some(placed.order.id)
            }
            Err(PlaceError::KeyReused | PlaceError::SessionOver) => None,
            Err(PlaceError::AlreadyBought { order }) => {
                assert!(self.accepted.contains_key(&order));
                None
            }
            Err(PlaceError::Backend(error)) => panic!("{error}"),
        }
    }

    fn pick(&self, n: usize) -> Option<&Delivery> {
        self.under_way.get(n.checked_rem(self.under_way.len())?)
    }

    async fn settle(&mut self, book: &OrderBook, id: OrderId) {
        let stock = stock(STOCK.0, STOCK.1);
        let settlement = book.settle(id, &stock, LATER).await.unwrap();
        let state = settlement.order.state;
        let known = self.accepted.insert(id, state).unwrap();
        assert_ne!(state, OrderState::Pending);
        assert_eq!(settlement.new, known == OrderState::Pending);
        assert!(
            known == OrderState::Pending || known == state,
            "settled twice"
        );
    }

    /// Acknowledges as a worker does: only what is settled.
    async fn acknowledge(&mut self, book: &OrderBook, n: usize) {
        let Some(delivery) = self.pick(n).cloned() else {
            return;
        };
        if self.accepted[&delivery.message.order] != OrderState::Pending {
            book.acknowledge(&delivery.receipt).await.unwrap();
            self.under_way.retain(|other| *other != delivery);
        }
    }

    /// A last crash; then the sweeper and one worker that does its work.
    async fn drain(&mut self) {
        self.crash();
        let book = self.book();
        sweep(&book).await;
        loop {
            let deliveries = book.receive(100, Duration::ZERO).await.unwrap();
            if deliveries.is_empty() {
                return;
            }
            for delivery in deliveries {
                self.settle(&book, delivery.message.order).await;
                book.acknowledge(&delivery.receipt).await.unwrap();
            }
        }
    }

    async fn verify(&self) {
        let book = self.book();
        let (mut sold, mut seats) = (0, 0);
        let (mut confirmed, mut refused) = (0, 0);
        let mut buyers: Vec<TicketId> = Vec::new();
        for (&id, &answered) in &self.accepted {
            let order = book.order(id).await.unwrap().unwrap();
            assert_eq!(order.state, answered);
            match order.state {
                OrderState::Pending => panic!("{id} was not settled"),
                OrderState::Refused { .. } => refused += 1,
                OrderState::Confirmed { .. } => {
                    confirmed += 1;
                    buyers.push(order.ticket);
                    for line in order.basket.lines() {
                        let held = u64::from(line.quantity);
                        if line.offer == seat() {
                            seats += held;
                        } else {
                            sold += held;
                        }
                    }
                }
            }
        }
        let tally = book.tally(&event_id()).await.unwrap();
        assert_eq!(tally.orders.pending, 0);
        assert_eq!(tally.orders.confirmed, confirmed);
        assert_eq!(tally.orders.refused, refused);
        assert_eq!(tally.sold.of_offer(&standing()), sold);
        assert_eq!(tally.sold.of_offer(&seat()), seats);
        assert!(sold <= u64::from(STOCK.0) && seats <= u64::from(STOCK.1));
        for n in 0..6 {
            let bought = buyers.iter().filter(|buyer| **buyer == ticket(n)).count();
            assert!(bought <= 1, "ticket {n} bought {bought} times");
        }
        let depth = book.depth(&event_id()).await.unwrap();
        assert_eq!((depth.queued, depth.dead), (0, 0));
    }
}

async fn send(book: &OrderBook, order: OrderId) {
    let event = event_id();
    book.send(OrderMessage { order, event }).await.unwrap();
}

async fn sweep(book: &OrderBook) {
    let before = NOW + Duration::from_secs(60);
    for (order, _) in book.pending(before, None, 1_000).await.unwrap() {
        send(book, order).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_accepted_order_ends_exactly_once(steps in prop::collection::vec(step(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let mut world = World::new(dir.path());
            for step in steps {
                world.step(step).await;
            }
            world.drain().await;
            world.verify().await;
        });
    }
}

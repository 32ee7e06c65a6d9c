//! `kill -9` while orders are placed and settled: a real process, a real signal.

use std::{
    collections::HashSet,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use checkout::{
    Order, OrderId, OrderMessage, OrderQueue, OrderState, OrderStore, QueuePolicy,
    embedded::OrderBook,
    fulfilment::{self, Fulfilment, Pace},
};
use tokio_util::sync::CancellationToken;
use waiting_room_core::{SessionId, TicketId};

use crate::suite::{
    gate::RecordingGate,
    samples::{catalogue, event_id, key, order, standing},
};

const DIR: &str = "CHECKOUT_KILL_TEST_DIR";
const PLACES: u32 = 150;

fn pace() -> Pace {
    Pace {
        sweep: Duration::from_millis(100),
        overdue: Duration::from_millis(200),
        ..Pace::default()
    }
}

fn start_fulfilment(book: &Arc<OrderBook>) -> CancellationToken {
    let shutdown = CancellationToken::new();
    let fulfilment = Fulfilment::new(
        &catalogue(PLACES, 0),
        book.clone(),
        book.clone(),
        RecordingGate::new(),
        pace(),
    );
    tokio::spawn(fulfilment::run(fulfilment, shutdown.clone()));
    shutdown
}

/// An order of a ticket that nobody else has.
fn fresh_order() -> Order {
    let mut order = order(0, "standing", 1);
    order.placed_at = service_kit::now();
    order.session_expires_at = order.placed_at + Duration::from_secs(60);
    order.id = OrderId::draw(order.placed_at);
    order.ticket = TicketId::from_bytes(*order.id.as_bytes());
    order.session = SessionId::from_bytes(*order.id.as_bytes());
    order
}

/// The process that is killed: places orders for ever, and tells which were accepted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as a child of the test below"]
async fn the_process_that_is_killed() {
    let Ok(dir) = env::var(DIR) else { return };
    let book = OrderBook::open(Path::new(&dir), QueuePolicy::default()).unwrap();
    start_fulfilment(&book);
    let sellers = (0..8).map(|_| {
        let book = book.clone();
        async move {
            loop {
                let placed = book.place(fresh_order(), key("key")).await.unwrap();
                println!("\naccepted {}", placed.order.id);
                let event = event_id();
                let order = placed.order.id;
                book.send(OrderMessage { order, event }).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(sellers).await;
}

fn start_child(dir: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::the_process_that_is_killed"])
        .args(["--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child once it has told of `count` orders; gives all that it told of.
fn kill_after(mut child: Child, count: usize) -> HashSet<OrderId> {
    let mut accepted = HashSet::new();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines {
        let Ok(line) = line else { break };
        let Some(id) = line.strip_prefix("accepted ") else {
            continue;
        };
        if let Ok(id) = id.parse() {
            accepted.insert(id);
        }
        if accepted.len() == count {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_kill_is_settled_after_it_and_nothing_is_sold_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut accepted = HashSet::new();
    for count in [1, 60, 17, 90, 200] {
        let child = start_child(dir.path());
        accepted.extend(kill_after(child, count));
    }
    assert!(accepted.len() >= 368);

    let book = OrderBook::open(dir.path(), QueuePolicy::default()).unwrap();
    start_fulfilment(&book);
    let settled = async || {
        let tally = book.tally(&event_id()).await.unwrap();
        let depth = book.depth(&event_id()).await.unwrap();
        tally.orders.pending == 0 && depth.queued == 0
    };
    tokio::time::timeout(Duration::from_secs(30), async {
        while !settled().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();

    let mut confirmed = 0;
    for &id in &accepted {
        let order = book.order(id).await.unwrap().expect("an order was lost");
        assert_ne!(order.state, OrderState::Pending);
        confirmed += u64::from(order.state.as_str() == "confirmed");
    }
    let tally = book.tally(&event_id()).await.unwrap();
    assert_eq!(tally.sold.of_offer(&standing()), u64::from(PLACES));
    assert_eq!(tally.orders.confirmed, u64::from(PLACES));
    assert!(confirmed <= u64::from(PLACES));
}

//! A disk that loses power: after any number of operations it fails, and of what was not synced an
//! arbitrary part is gone. Whatever was answered has to be there.

use std::{
    collections::HashMap,
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use proptest::prelude::*;
use redb::{Builder, Database, StorageBackend};
use waiting_room_catalogue::{Catalogue, Event};
use waiting_room_core::{SessionId, TicketId, Timestamp};

use super::{OpenError, OrderBook, damaged, records};
use crate::{
    LineRequest, Order, OrderId, OrderMessage, OrderQueue, OrderRequest, OrderState, OrderStore,
    QueuePolicy, Stock,
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_250_000);
const PLACES: u32 = 6;

/// What lies on the disk, and what is only in its cache.
#[derive(Debug, Default)]
struct Platter {
    durable: Vec<u8>,
    current: Vec<u8>,
    unsynced: Vec<Change>,
    operations_left: usize,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Platter>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Write(at, data) => {
            let end = at + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(data);
        }
    }
}

impl Disk {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn operate(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.platter();
        match platter.operations_left.checked_sub(1) {
            Some(left) => platter.operations_left = left,
            None => return Err(io::Error::other("the power is off")),
        }
        Ok(platter)
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut platter = self.operate()?;
        apply(&mut platter.current, &change);
        platter.unsynced.push(change);
        Ok(())
    }

    /// Power comes back, for so many operations; of the unsynced changes those are kept that `kept`
    /// has a bit for.
    fn power_up(&self, operations: usize, kept: u64) {
        let mut platter = self.platter();
        let mut content = std::mem::take(&mut platter.durable);
        for (n, change) in std::mem::take(&mut platter.unsynced).iter().enumerate() {
            // A file system keeps a file's length ahead of its content.
            if matches!(change, Change::Length(_)) || kept >> (n % 64) & 1 == 1 {
                apply(&mut content, change);
            }
        }
        platter.current = content.clone();
        platter.durable = content;
        platter.operations_left = operations;
    }
}

impl Disk {
    /// After so many operations more everything fails, but nothing is lost.
    fn fail_after(&self, operations: usize) {
        self.platter().operations_left = operations;
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.operate()?.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.operate()?;
        let at = offset as usize;
        let found = platter.current.get(at..at + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Length(len as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.operate()?;
        platter.durable = platter.current.clone();
        platter.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset as usize, data.to_vec()))
    }
}

fn database(disk: &Disk) -> Result<Database, OpenError> {
    let database = Builder::new().create_with_backend(disk.clone());
    database.map_err(|error| damaged(Path::new("disk"), error.into()))
}

fn open(disk: &Disk) -> Option<OrderBook> {
    let open = {
        let disk = disk.clone();
        move || database(&disk)
    };
    OrderBook::on(open, Path::new("disk"), QueuePolicy::default(), None).ok()
}

/// A disk with an empty book.
fn new_disk() -> Disk {
    let disk = Disk::default();
    disk.power_up(usize::MAX, 0);
    records::prepare(&database(&disk).expect("a new database")).expect("a new book");
    disk
}

fn event() -> Event {
    let text = format!(
        r#"
        [[event]]
        id = "e"
        name = "E"
        offer = [{{ id = "o", name = "O", price_cents = 1, currency = "EUR", stock = {PLACES}, max_per_order = 4 }}]
        "#
    );
    Catalogue::parse(&text, NOW).unwrap().events()[0].clone()
}

fn order(n: u8) -> Order {
    let request = OrderRequest {
        lines: vec![LineRequest {
            offer: "o".to_owned(),
            quantity: i64::from(n % 3) + 1,
        }],
        name: "Fan".to_owned(),
        email: "fan@example.com".to_owned(),
    };
    let (basket, buyer) = request.check(&event()).unwrap();
    Order {
        id: OrderId::draw(NOW),
        event: event().id,
        ticket: TicketId::from_bytes([n; 16]),
        session: SessionId::from_bytes([n; 16]),
        session_expires_at: NOW + Duration::from_secs(600),
        basket,
        buyer,
        placed_at: NOW,
        state: OrderState::Pending,
    }
}

/// Places and settles orders until the power fails; notes what was answered.
async fn work(book: &OrderBook, first: u8, answered: &mut HashMap<OrderId, OrderState>) {
    let stock = Stock::of(&event());
    for n in first..first.saturating_add(12) {
        let key = "key".parse().unwrap();
        let Ok(placed) = book.place(order(n), key).await else {
            return;
        };
        let order = placed.order.id;
        answered.insert(order, OrderState::Pending);
        let event = event().id;
        if book.send(OrderMessage { order, event }).await.is_err() {
            return;
        }
        let Ok(deliveries) = book.receive(2, Duration::ZERO).await else {
            return;
        };
        for delivery in deliveries {
            let order = delivery.message.order;
            let Ok(settlement) = book.settle(order, &stock, NOW).await else {
                return;
            };
            answered.insert(order, settlement.order.state);
            if n % 2 == 0 && book.acknowledge(&delivery.receipt).await.is_err() {
                return;
            }
        }
    }
}

async fn verify(book: &OrderBook, answered: &HashMap<OrderId, OrderState>) {
    for (&id, &state) in answered {
        let order = book.order(id).await.unwrap().expect("an order was lost");
        assert!(
            order.state == state || state == OrderState::Pending,
            "a settled order changed"
        );
    }
    let tally = book.tally(&event().id).await.unwrap();
    let sold = tally.sold.of_offer(&"o".parse().unwrap());
    assert!(sold <= u64::from(PLACES));
    let pending = book
        .pending(NOW + Duration::from_secs(1), None, 1_000)
        .await;
    assert_eq!(pending.unwrap().len() as u64, tally.orders.pending);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_answered_survives_power_cuts(
        cuts in prop::collection::vec((0..600_usize, any::<u64>()), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let disk = new_disk();
        let mut answered = HashMap::new();
        runtime.block_on(async {
            for (n, (operations, kept)) in cuts.into_iter().enumerate() {
                disk.power_up(operations, kept);
                if let Some(book) = open(&disk) {
                    work(&book, n as u8 * 12, &mut answered).await;
                }
                disk.power_up(usize::MAX, kept.rotate_left(17));
                let book = open(&disk).expect("the book opens after every power cut");
                verify(&book, &answered).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_whose_disk_failed_for_a_while_takes_orders_again_without_a_restart() {
    let disk = new_disk();
    let book = open(&disk).unwrap();
    let key = || "key".parse().unwrap();
    let mut placed = vec![book.place(order(1), key()).await.unwrap().order.id];
    for (n, operations) in (2_u8..).zip([0, 1, 2, 4]) {
        disk.fail_after(operations);
        assert!(book.place(order(n), key()).await.is_err());
        assert!(book.check().await.is_err(), "not ready");
        assert!(book.order(placed[0]).await.is_err(), "readers are told");
        assert!(book.place(order(n), key()).await.is_err(), "still down");
        disk.fail_after(usize::MAX);
        let ready = async {
            while book.check().await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ready)
            .await
            .expect("the book opens again");
        placed.push(book.place(order(n), key()).await.unwrap().order.id);
        for id in &placed {
            assert!(book.order(*id).await.unwrap().is_some());
        }
    }
}

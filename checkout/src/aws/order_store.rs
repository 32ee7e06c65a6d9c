//! Orders, stock and ended sessions in one DynamoDB table.
//!
//! The table may be a global one with multi-Region *strong* consistency. That has no transactions, no
//! TTL and no local indexes, so everything here is made of conditional writes of single items and of
//! strongly consistent reads; the one index serves what may be late (sweeping, counting).
//!
//! # What makes an order an order
//!
//! Placing has to write the order, find its idempotency key and keep the ticket from buying twice: more
//! than one item's worth. The decision therefore lies in **one item a ticket**, which names the ticket's
//! requests and their orders, and has a version. Placing writes the order first, as a *draft*, then names
//! it in the ticket's item on condition of the version that it read. **A pending order is one that its
//! ticket names**; a draft that no ticket names is none, to readers and to fulfilment alike. So there is
//! no third write, and no instant at which a crash leaves half an order:
//!
//! - before the draft: nothing was accepted;
//! - between the two: a draft that nobody names. The sweep finds it in the index and deletes it, after it
//!   has raised the ticket's version, so that a placer who was only slow can't name it any more, and on
//!   condition that it is the same *attempt* of that draft;
//! - after the second: an order, which the sweep finds if its message was never sent.
//!
//! # What is sold
//!
//! An event's stock, all offers of it, is **one item, the event's ledger**: how many of each offer are
//! sold, how many orders were confirmed and refused, and the *verdicts* that are being carried out. To
//! settle an order is three conditional writes:
//!
//! 1. **Rule**: enter a verdict (confirm, with what it takes; or refuse) with a token of its own into the
//!    ledger. An order that has a verdict there keeps it, whoever asks.
//! 2. **Carry out**: pending → confirmed or refused in the order, which from then on names the token.
//! 3. **Close**: take the verdict out of the ledger and, if the order names just that token, add it to what
//!    is sold; otherwise it is void.
//!
//! Every step may be done by anybody, again, and late. A worker that was paused before step 1 while others
//! settled the order enters a second verdict, finds the order naming another token, and its own is void. A
//! worker that died after step 1 or 2 leaves a verdict in the ledger; whoever settles the order next, or is
//! kept waiting by it, or sweeps, carries it out and closes it. Whether a verdict counts depends on the
//! order alone: no clock, no lease, no fence. So nothing is sold twice, nothing leaks.
//!
//! What an open verdict takes can't be given to anybody else, but it may still turn out void. So an order
//! is **refused only when what is closed leaves too little**. When only open verdicts stand in its way, it
//! waits until they are closed, and helps those along that stay open (their worker may be dead): of two orders
//! for the last unit one gets it, whatever became of the other's worker.
//!
//! Writes of the same item in two regions at once may fail with `ReplicatedWriteConflictException`, which the
//! SDK repeats: the condition is then tested anew.
//!
//! # Why the stock is not sharded
//!
//! A DynamoDB item takes about 1,000 write units a second (1 kB each). Shards would get around that, at
//! the price of remnants: the last units lie spread over shards, an order has to collect them and another
//! holds its half meanwhile; an operator who lowers the stock finds it sold unevenly; a basket of two
//! offers locks two items. Here the writes are shared instead, as in the embedded order book: one task per
//! process and event takes all commands that wait, applies them to the ledger in memory and writes it once,
//! on condition of its version. The busier it is, the more orders share a write, up to 128. A verdict is about
//! 120 bytes and the ledger never holds more than 128, so a write costs at most some 16 units: 60 writes a
//! second at the worst, each of which opens and closes dozens of verdicts, which is thousands of orders a
//! second and event, against some 10 that a large on-sale admits. What bounds it sooner is how long a
//! write takes: at 25 ms, 40 writes. Several processes take turns by the version; a write that lost costs
//! units too, but brings the winner's state back with it, and meanwhile its batch grows.
//!
//! # What a lost answer does
//!
//! The SDK repeats a write whose answer was lost. Had the first one been applied, the condition of the
//! second fails; so each versioned item names the write that made it, and a failed condition whose item
//! carries our own mark is our success. If somebody else has written since, nobody can tell, so every
//! caller looks again: a ticket that names our order, a verdict that stands for it, an order that says by
//! whom it was settled. A ruling that is entered again gets a new token, so it can't count twice.
//!
//! # How exact the counts are
//!
//! What is sold, confirmed and refused is counted exactly once by the ledger. [`Tally`](crate::Tally)
//! includes the open verdicts, so for the milliseconds that a verdict is open `sold` may be ahead of what
//! orders say; it is never behind. `pending` is counted in the index: it lags by the index's delay (usually
//! well under a second), may count an order twice that is just being settled, and drafts.
//! All are kept for about a second per process.

mod ledger;
mod ledger_writer;
mod orders;
mod placing;
mod schema;
mod sessions;
mod settling;
mod sweep;
mod table;
mod tallies;

use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

pub use self::schema::create_table;
use self::{
    ledger_writer::LedgerWriter, orders::Orders, sessions::Sessions, table::Table, tallies::Tallies,
};
use crate::{
    BackendError, IdempotencyKey, Order, OrderId, OrderStore, PlaceError, Placed, SessionLedger,
    SettleError, Settlement, Stock, Tally,
};

/// Orders, stock and ended sessions in a DynamoDB table as [`create_table`] makes it.
#[derive(Debug)]
pub struct DynamoOrderStore {
    table: Table,
    orders: Orders,
    sessions: Sessions,
    tallies: Tallies,
    ledgers: Mutex<HashMap<EventId, LedgerWriter>>,
}

impl DynamoOrderStore {
    /// The store in `table`. Nothing is asked yet; [`OrderStore::check`] tells whether it is there.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let table = Table::new(client, table.into());
        Self {
            orders: Orders::new(table.clone()),
            sessions: Sessions::new(table.clone()),
            tallies: Tallies::new(table.clone()),
            ledgers: Mutex::default(),
            table,
        }
    }
}

#[async_trait]
impl OrderStore for DynamoOrderStore {
    async fn place(&self, order: Order, key: IdempotencyKey) -> Result<Placed, PlaceError> {
        placing::place(&self.orders, &self.sessions, order, &key).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<Order>, BackendError> {
        let stored = self.orders.accepted(id).await?;
        Ok(stored.map(|stored| stored.order))
    }

    async fn latest_order(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Option<Order>, BackendError> {
        self.orders.latest(event, ticket).await
    }

    async fn settle(
        &self,
        id: OrderId,
        stock: &Stock,
        at: Timestamp,
    ) -> Result<Settlement, SettleError> {
        settling::settle(self, id, stock, at).await
    }

    async fn finish_half_done(&self, event: &EventId) -> Result<usize, BackendError> {
        self.ledger(event).help().await
    }

    async fn pending(
        &self,
        before: Timestamp,
        after: Option<OrderId>,
        most: usize,
    ) -> Result<Vec<(OrderId, EventId)>, BackendError> {
        sweep::pending(&self.orders, before, after, most).await
    }

    async fn tally(&self, event: &EventId) -> Result<Tally, BackendError> {
        self.tallies.of(event).await
    }

    async fn check(&self) -> Result<(), BackendError> {
        self.table.check().await
    }
}

#[async_trait]
impl SessionLedger for DynamoOrderStore {
    async fn end_session(&self, session: SessionId, until: Timestamp) -> Result<(), BackendError> {
        self.sessions.end(session, until).await
    }

    async fn has_ended(&self, session: SessionId) -> Result<bool, BackendError> {
        self.sessions.has_ended(session).await
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<usize, BackendError> {
        self.sessions.forget_expired(now).await
    }
}

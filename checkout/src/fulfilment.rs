//! Fulfilment: takes orders off the queue and settles them.
//!
//! For each delivery: settle the order (repeatable), tell the waiting room when that ended the
//! fan's session (repeatable), acknowledge. A crash between any two of these means that the message
//! comes again and the steps that were done are done again without effect.
//!
//! Several *lanes* receive batches side by side. Within a lane all deliveries of a batch go on
//! together, so their settlements share a transaction where the store can, and their
//! acknowledgements the next.
//!
//! A refused order does not end the session while anything at the event is left: the fan who was a
//! second too late for the one offer keeps the rest of the session for another, instead of queueing
//! anew.

mod delivery;
mod lane;
mod sweeper;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use waiting_room_catalogue::Catalogue;
use waiting_room_core::EventId;

use crate::{OrderQueue, OrderStore, SessionGate, Stock};

/// What fulfilment works with.
pub struct Fulfilment {
    store: Arc<dyn OrderStore>,
    queue: Arc<dyn OrderQueue>,
    gate: Arc<dyn SessionGate>,
    stock: HashMap<EventId, Stock>,
    pace: Pace,
}

/// How much fulfilment does at once, and how long it waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Batches under way at once.
    pub lanes: usize,
    /// Messages in a batch at most.
    pub batch: usize,
    /// How long a receive waits for a message.
    pub wait: Duration,
    /// How long one message may take.
    pub patience: Duration,
    /// How often a message that is being worked on is hidden for longer, for three times as long each; less
    /// than a third of the queue's visibility timeout.
    pub hold: Duration,
    /// How long the waiting room may take to end a session; less than `patience`.
    pub gate: Duration,
    /// How long a message rests that failed once; four times as long for each further time, sixty
    /// times at most, so that a backend that restarts costs no message all of its tries.
    pub rest: Duration,
    /// How often the sweeper looks for overdue orders.
    pub sweep: Duration,
    /// How long an order may be pending before it is put on the queue once more.
    pub overdue: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lanes: 4,
            batch: 128,
            wait: Duration::from_secs(20),
            patience: Duration::from_secs(10),
            hold: Duration::from_secs(8),
            gate: Duration::from_secs(2),
            rest: Duration::from_secs(1),
            sweep: Duration::from_secs(5),
            overdue: Duration::from_secs(10),
        }
    }
}

impl Fulfilment {
    /// Settles the orders of `catalogue`'s events.
    pub fn new(
        catalogue: &Catalogue,
        store: Arc<dyn OrderStore>,
        queue: Arc<dyn OrderQueue>,
        gate: Arc<dyn SessionGate>,
        pace: Pace,
    ) -> Self {
        let events = catalogue.events().iter();
        Self {
            store,
            queue,
            gate,
            stock: events
                .map(|event| (event.id.clone(), Stock::of(event)))
                .collect(),
            pace,
        }
    }
}

impl std::fmt::Debug for Fulfilment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fulfilment")
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Runs until `shutdown` is cancelled and the batches under way are done, which takes
/// [`Pace::patience`] at most.
pub async fn run(fulfilment: Fulfilment, shutdown: CancellationToken) {
    let lanes = (0..fulfilment.pace.lanes.max(1)).map(|_| lane::run(&fulfilment, &shutdown));
    tokio::join!(join_all(lanes), sweeper::run(&fulfilment, &shutdown));
}

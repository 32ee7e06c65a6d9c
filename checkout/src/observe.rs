//! What checkout and fulfilment count. Labels are events of the catalogue only, so their number is
//! bounded.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use waiting_room_core::EventId;

use crate::{Depth, Order};

const PLACED: &str = "orders_placed_total";
const SETTLED: &str = "orders_settled_total";
const SETTLE: &str = "order_settle_seconds";
const DEPTH: &str = "order_queue_depth";
const DEAD: &str = "order_dead_letters";
const FAILED: &str = "order_deliveries_failed_total";
const SWEPT: &str = "orders_swept_total";
const COMMIT: &str = "order_book_commit_seconds";
const COMMITTED: &str = "order_book_commands_total";

/// Tells the metrics' help texts; once a process.
pub fn describe_metrics() {
    describe_counter!(PLACED, "Orders accepted as pending, by event");
    describe_counter!(SETTLED, "Orders confirmed or refused, by event and state");
    describe_histogram!(
        SETTLE,
        Unit::Seconds,
        "Time from an order's acceptance until it was confirmed or refused, by event"
    );
    describe_gauge!(DEPTH, "Messages on the order queue, by event");
    describe_gauge!(
        DEAD,
        "Messages that fulfilment could not get done and an operator has to look at, by event"
    );
    describe_counter!(
        FAILED,
        "Deliveries of order messages that ended without an acknowledgement"
    );
    describe_counter!(
        SWEPT,
        "Pending orders that the sweeper put on the queue, whether it held them already or not"
    );
    describe_histogram!(
        COMMIT,
        Unit::Seconds,
        "Time to apply one batch of commands to the embedded order book and write it durably"
    );
    // Seen from the start, so that the first is seen as one.
    counter!(FAILED).increment(0);
    counter!(SWEPT).increment(0);
    describe_counter!(COMMITTED, "Commands applied to the embedded order book");
}

pub(crate) fn placed(event: &EventId) {
    counter!(PLACED, "event" => event.to_string()).increment(1);
}

pub(crate) fn settled(order: &Order) {
    let event = order.event.to_string();
    let took = order
        .state
        .settled_at()
        .map_or(Duration::ZERO, |at| at.since(order.placed_at));
    counter!(SETTLED, "event" => event.clone(), "state" => order.state.as_str()).increment(1);
    histogram!(SETTLE, "event" => event).record(took.as_secs_f64());
}

pub(crate) fn depth(event: &EventId, depth: Depth) {
    gauge!(DEPTH, "event" => event.to_string()).set(depth.queued as f64);
    gauge!(DEAD, "event" => event.to_string()).set(depth.dead as f64);
}

pub(crate) fn delivery_failed() {
    counter!(FAILED).increment(1);
}

pub(crate) fn swept(count: usize) {
    counter!(SWEPT).increment(count as u64);
}

pub(crate) fn committed(commands: usize, took: Duration) {
    counter!(COMMITTED).increment(commands as u64);
    histogram!(COMMIT).record(took.as_secs_f64());
}

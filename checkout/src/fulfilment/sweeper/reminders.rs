use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::OrderId;

/// How often the pause after a reminder doubles.
const DOUBLINGS: u32 = 6;

/// Which pending orders were put on the queue again, and when.
///
/// A queue may not know what it holds: then each reminder is one more message. When fulfilment is behind, all
/// of its orders are overdue, and reminding of them every few seconds would bury it. So the pause after each
/// reminder of the same order is twice that before.
#[derive(Debug)]
pub(super) struct Reminders {
    first_pause: Duration,
    sent: HashMap<OrderId, Reminder>,
    sweep: u64,
}

#[derive(Clone, Copy, Debug)]
struct Reminder {
    count: u32,
    next: Instant,
    /// The last sweep that found the order.
    sweep: u64,
}

impl Reminders {
    pub(super) fn new(first_pause: Duration) -> Self {
        Self {
            first_pause,
            sent: HashMap::new(),
            sweep: 0,
        }
    }

    /// A sweep begins.
    pub(super) fn begin(&mut self) {
        self.sweep += 1;
    }

    /// Whether `order`, which is pending, is to be put on the queue now.
    pub(super) fn due(&mut self, order: OrderId) -> bool {
        let now = Instant::now();
        let sweep = self.sweep;
        let reminder = self.sent.entry(order).or_insert(Reminder {
            count: 0,
            next: now,
            sweep,
        });
        reminder.sweep = sweep;
        let due = now >= reminder.next;
        if due {
            let doublings = reminder.count.min(DOUBLINGS);
            reminder.next = now + self.first_pause.saturating_mul(1 << doublings);
            reminder.count += 1;
        }
        due
    }

    /// A sweep has found all that is pending: what it did not find is settled.
    pub(super) fn end(&mut self) {
        let sweep = self.sweep;
        self.sent.retain(|_, reminder| reminder.sweep == sweep);
    }
}

#[cfg(test)]
mod tests {
    use waiting_room_core::Timestamp;

    use super::*;

    #[test]
    fn an_order_is_not_put_on_the_queue_by_every_sweep() {
        let mut reminders = Reminders::new(Duration::from_secs(60));
        let order = OrderId::draw(Timestamp::from_seconds(1));
        for sweep in 0..5 {
            reminders.begin();
            assert_eq!(reminders.due(order), sweep == 0);
            reminders.end();
        }
    }

    #[test]
    fn the_pause_doubles_up_to_a_bound() {
        let mut reminders = Reminders::new(Duration::from_secs(10));
        let order = OrderId::draw(Timestamp::from_seconds(1));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            reminders.begin();
            assert!(reminders.due(order));
            let reminder = reminders.sent.get_mut(&order).unwrap();
            pauses.push(reminder.next.duration_since(Instant::now()).as_secs() + 1);
            reminder.next = Instant::now();
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 640]);
    }

    #[test]
    fn what_is_settled_is_forgotten() {
        let mut reminders = Reminders::new(Duration::from_secs(60));
        reminders.begin();
        assert!(reminders.due(OrderId::draw(Timestamp::from_seconds(1))));
        reminders.end();
        reminders.begin();
        reminders.end();
        assert!(reminders.sent.is_empty());
    }
}
